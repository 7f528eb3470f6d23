"""What marks make of computed checks, and how points become a total that one line explains."""

from datetime import UTC, datetime

import pytest

from exercises.assignment import Assignment
from exercises.i18n import Bilingual
from exercises.kinds.base import RubricItem
from exercises.scoring import Drop, LateRule, Scoring
from grading.marks.applying import as_computed, mark_checks, marks_without_place
from grading.marks.mark import Mark
from grading.marks.totals import with_totals
from grading.results import CheckResult, Grade, Lateness

TOPIC = "reflection/cost_quality/topic"


def check(name: str = TOPIC, points: float = 0.0, maximum: float = 0.5, *, open_: bool = True) -> CheckResult:
    passed = None if open_ else points > 0
    return CheckResult(id=name, title="t", passed=passed, points=points, maximum=maximum, needs_person=open_)


def item(name: str, points: float) -> RubricItem:
    return RubricItem(id=name, points=points, text=Bilingual(en=name, fr=f"{name} (fr)"))


def with_rubric(tp2: Assignment, *items: RubricItem) -> Assignment:
    exercises = tuple(
        e.model_copy(update={"rubric": items}) if e.id == "reflection" else e for e in tp2.exercises
    )
    return tp2.model_copy(update={"exercises": exercises})


@pytest.mark.parametrize(
    ("rubric", "given", "points"),
    [
        ((("good", 0.5), ("vague", 0.25)), ("good",), 0.5),
        ((("good", 0.5), ("slip", -0.1)), ("good", "slip"), 0.4),
        ((("good", 0.5), ("slip", -0.1)), ("slip",), 0.0),
        ((("slip", -0.1), ("error", -0.3)), ("slip",), 0.4),
        ((("slip", -0.1), ("error", -0.5)), ("slip", "error"), 0.0),
        ((("good", 0.5), ("brilliant", 0.5)), ("good", "brilliant"), 0.5),
        ((("fine", 0.0), ("slip", -0.1)), ("fine",), 0.5),
    ],
)
def test_items_add_from_nothing_or_take_away_from_all(
    tp2: Assignment, rubric: tuple[tuple[str, float], ...], given: tuple[str, ...], points: float
) -> None:
    assignment = with_rubric(tp2, *(item(*each) for each in rubric))
    [marked] = mark_checks([check()], {TOPIC: Mark(items=given)}, assignment, "fr")
    assert (marked.points, marked.by_person, marked.needs_person) == (points, True, False)
    assert set(marked.items) == {f"{name} (fr)" for name in given}
    assert as_computed(marked) == check()


def test_an_item_changed_later_changes_for_all_who_got_it(tp2: Assignment) -> None:
    marks = {TOPIC: Mark(items=("good",))}
    for points in (0.5, 0.3):
        [marked] = mark_checks([check()], marks, with_rubric(tp2, item("good", points)), "en")
        assert marked.points == points


def test_points_by_hand_go_before_items_and_never_beyond_the_check(tp2: Assignment) -> None:
    assignment = with_rubric(tp2, item("good", 0.5))
    for given, points in ((0.1, 0.1), (9.0, 0.5)):
        [marked] = mark_checks([check()], {TOPIC: Mark(items=("good",), points=given)}, assignment, "en")
        assert marked.points == points


def test_what_was_marked_is_marked_anew_from_what_was_computed(tp2: Assignment) -> None:
    once = mark_checks([check(points=0.5, open_=False)], {TOPIC: Mark(points=0.1)}, tp2, "en")
    assert once[0].points == 0.1
    assert mark_checks(once, {}, tp2, "en") == [check(points=0.5, open_=False)]


def test_comments_alone_leave_a_check_open(tp2: Assignment) -> None:
    [marked] = mark_checks([check()], {TOPIC: Mark(flag=True)}, tp2, "en")
    assert marked.needs_person


def test_items_and_checks_that_are_gone_count_for_nothing_and_are_told(tp2: Assignment) -> None:
    assignment = with_rubric(tp2, item("good", 0.5))
    marks = {TOPIC: Mark(items=("gone",)), "other/x/y": Mark(points=1), "other/z/y": Mark(flag=True)}
    checks = mark_checks([check()], marks, assignment, "en")
    assert checks[0].needs_person
    told = " ".join(m.text("en") for m in marks_without_place(marks, checks, assignment))
    assert "gone" in told
    assert "other/x/y" in told
    assert "other/z/y" not in told


def grade_of(*checks: CheckResult, late: int = 0) -> Grade:
    due = datetime(2026, 11, 27, tzinfo=UTC)
    lateness = Lateness(due=due, handed_in=due, changed=due, late_seconds=late)
    return Grade(
        student="alice", assignment="tp2", gradable=True, points=0, maximum=20, lateness=lateness,
        checks=checks,
    )  # fmt: skip


def test_the_parts_of_the_total_stand_apart_and_the_line_adds_up(tp2: Assignment) -> None:
    assignment = tp2.model_copy(update={"late": LateRule(points_a_day=2.0)})
    checks = mark_checks(
        [check("sweep/a/b", 3, 3, open_=False), check("code/a/b", 2, 3, open_=False), check(maximum=4)],
        {"code/a/b": Mark(points=1), TOPIC: Mark(points=3)},
        assignment,
        "en",
    )
    grade = with_totals(grade_of(*checks, late=90_000), assignment, "en")
    assert (grade.computed, grade.marked, grade.points) == (5, 2, 7)
    assert (grade.late_days, grade.late_points, grade.total) == (2, 4, 3)
    assert grade.explained == ("5 by the checks + 2 by people − 4 for lateness (days begun: 2) = 3 of 20")


def test_lateness_takes_no_more_than_there_is(tp2: Assignment) -> None:
    assignment = tp2.model_copy(update={"late": LateRule(points_a_day=20.0)})
    grade = with_totals(grade_of(check(points=0.5, open_=False), late=1), assignment, "en")
    assert (grade.late_points, grade.total) == (0.5, 0)


def test_an_assignment_without_a_rule_takes_nothing_for_lateness(tp2: Assignment) -> None:
    grade = with_totals(grade_of(check(points=0.5, open_=False), late=90_000), tp2, "en")
    assert (grade.late_days, grade.late_points, grade.total) == (0, 0, 0.5)


def test_the_lowest_of_equals_is_dropped_and_what_is_on_top_is_bounded(tp2: Assignment) -> None:
    exercises = tuple(
        e.model_copy(update={"optional": True}) if e.id == "studio" else e for e in tp2.exercises
    )
    scoring = Scoring(drop_lowest=Drop(of=("observations", "reflection")), extra_at_most=0.5)
    assignment = tp2.model_copy(update={"scoring": scoring, "exercises": exercises})
    checks = (
        check("observations/a/b", 2, 2, open_=False),
        check("reflection/a/b", 1, 2, open_=False),
        check("studio/a/b", 1, 1, open_=False),
    )
    grade = with_totals(grade_of(*checks), assignment, "en")
    assert (grade.points, grade.dropped, grade.dropped_points, grade.extra_cut) == (
        4,
        ("reflection",),
        1,
        0.5,
    )
    assert grade.total == 2.5
    assert "Reflection" in grade.explained
