"""Rubrics, late rules, what is dropped and what comes on top: as they stand in an assignment's file."""

import pytest

from exercises.loader import ExerciseError, assignment_ids, find_assignment, load_assignment
from exercises.scoring import LateRule
from grading.checks import check_submission
from grading.submission.reading import Submission
from tests.exercises.conftest import SMALL, WriteAssignment

FIRST = 'title = { en = "First", fr = "Premier" }\n'
ITEM = '[[exercises.rubric]]\nid = "clear"\npoints = 0.5\ntext = { en = "Clear", fr = "Clair" }\n'
TITLE = 'title = { en = "Small", fr = "Petit" }\n'
DAY = 24 * 60 * 60


def with_item(*changes: tuple[str, str]) -> str:
    """The small assignment whose first exercise has a rubric of one item, changed."""
    item = ITEM
    for old, new in changes:
        assert old in item
        item = item.replace(old, new)
    runs = "[exercises.runs]\none = {}\n"
    return SMALL.replace(runs, f"{runs}\n{item}", 1)


def with_top(text: str) -> str:
    """The small assignment with these tables at its end, which are the assignment's own."""
    return f"{SMALL}\n{text}\n"


def test_a_rubric_has_items_in_both_languages(write_assignment: WriteAssignment):
    item = load_assignment(write_assignment(with_item())).exercises[0].rubric[0]
    assert (item.id, item.points, item.text("fr")) == ("clear", 0.5, "Clair")


WRONG_ITEMS = {
    "no French": ((', fr = "Clair"', ""), "text.fr", "missing"),
    "no points": (("points = 0.5\n", ""), "points", "missing"),
    "more than the exercise": (("0.5", "1.5"), "points", "at most 1"),
    "points as text": (("0.5", '"half"'), "points", "number"),
    "a part that is not there": (("points", 'parts = ["two"]\npoints'), "parts", "one"),
    "a rule that is not there": (("points", 'rules = ["clear"]\npoints'), "rules", "recorded"),
    "unknown": (("points", "weight = 2\npoints"), "weight", "not known"),
}


@pytest.mark.parametrize("case", WRONG_ITEMS)
def test_what_is_wrong_in_a_rubric_is_said_with_line_and_field(write_assignment: WriteAssignment, case: str):
    change, field, words = WRONG_ITEMS[case]
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(with_item(change)))
    assert caught.value.field.startswith(f"exercises[1].rubric[1].{field}")
    assert words in caught.value.in_language("en")
    assert caught.value.line is not None


def test_two_items_of_one_id_are_refused(write_assignment: WriteAssignment):
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(with_item((ITEM, ITEM + ITEM))))
    assert caught.value.field == "exercises[1].rubric[2].id"


@pytest.mark.parametrize("assignment_id", assignment_ids())
def test_the_parts_that_a_rubric_may_name_are_those_of_the_checks(assignment_id: str):
    assignment = find_assignment(assignment_id)
    for check in check_submission(assignment, Submission("nobody", assignment_id), "en"):
        exercise, part, _ = check.id.split("/")
        found = assignment.exercise(exercise)
        assert found
        assert part in found.parts


def test_tp2_has_a_rubric_for_every_check_of_its_words():
    tp2 = find_assignment("tp2")
    for check in check_submission(tp2, Submission("nobody", "tp2"), "en"):
        name = check.id.split("/")[0]
        if name in ("observations", "remains", "reflection"):
            exercise = tp2.exercise(name)
            assert exercise
            offered = [item for item in exercise.rubric if item.suits(check.id)]
            assert max(item.points for item in offered) >= check.maximum - 0.01


@pytest.mark.parametrize(
    ("rule", "late", "costs"),
    [
        (LateRule(points_a_day=2.0), 1, 2),
        (LateRule(points_a_day=2.0), DAY, 2),
        (LateRule(points_a_day=2.0), DAY + 1, 4),
        (LateRule(points_a_day=2.0, grace_minutes=60), 3600, 0),
        (LateRule(points_a_day=2.0, grace_minutes=60), 3601, 2),
        (LateRule(points_a_day=2.0, at_most=3.0), 10 * DAY, 3),
        (LateRule(percent_a_day=10.0), 3 * DAY, 6),
        (LateRule(percent_a_day=10.0, at_most=50.0), 30 * DAY, 10),
        (LateRule(percent_a_day=10.0), 0, 0),
    ],
)
def test_lateness_costs_so_much_for_each_day_begun(rule: LateRule, late: int, costs: float):
    assert rule.costs(late, 20.0) == costs


WRONG_TOP = {
    "neither points nor per cent": ("[late]\ngrace_minutes = 5", "late", "points_a_day"),
    "both": ("[late]\npoints_a_day = 1\npercent_a_day = 5", "late", "points_a_day"),
    "more than all": ("[late]\npercent_a_day = 5\nat_most = 120", "late.at_most", "at most 100"),
    "less than nothing": ("[late]\npoints_a_day = -1", "late.points_a_day", "at least 0"),
    "one that is not there": (
        '[scoring.drop_lowest]\nof = ["first", "fourth"]', "scoring.drop_lowest.of[2]", "first"
    ),
    "of other worth": (
        '[scoring.drop_lowest]\nof = ["first", "many"]', "scoring.drop_lowest.of[2]", "1 points"
    ),
    "unknown": ("[scoring]\ncurve = true", "scoring.curve", "not known"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_TOP)
def test_what_is_wrong_in_late_rules_and_scoring_is_said_with_line_and_field(
    write_assignment: WriteAssignment, case: str
):
    text, field, words = WRONG_TOP[case]
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(with_top(text)))
    assert caught.value.field == field
    assert words in caught.value.in_language("en")
    assert caught.value.line is not None


def test_what_is_dropped_is_not_among_the_assignments_points(write_assignment: WriteAssignment):
    same = SMALL.replace("points = 3", "points = 2").replace("points = 6", "points = 3")
    drop = '\n[scoring.drop_lowest]\nof = ["many", "photo"]\n'
    assert load_assignment(write_assignment(same + drop)).points == 3
