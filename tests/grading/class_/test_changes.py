"""Grading again keeps every mark, and names exactly those whose grade is another one, with the reason."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.scoring import LateRule
from grading.class_.collected import INDEX, Collection, StoredSnapshot
from grading.class_.grade import grade_class, read_grades
from grading.marks.lines import LINES, from_lines
from grading.marks.mark import Mark
from grading.marks.store import MarksStore, Wanted
from grading.reports.changes import find_changes
from grading.results import Grade
from manifests.answers import load_answers, save_answers
from manifests.store import Store

TOPIC = "reflection/reproducibility/topic"
CONCLUSION = "observations/steps/observed"
Regrade = Callable[..., dict[str, Grade]]


STUDENTS = ("alice", "bob", "carla")


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory, make_good: Callable[[Path, str], Store]) -> Path:
    """Everybody's work, made once; not to be changed."""
    folder = tmp_path_factory.mktemp("handed-in")
    for name in STUDENTS:
        make_good(folder / name, name)
    return folder


@pytest.fixture(scope="module")
def first_grades(tmp_path_factory: pytest.TempPathFactory, handed_in: Path, tp2: Assignment) -> Path:
    """What grading it first writes, made once; not to be changed."""
    out = tmp_path_factory.mktemp("graded") / "out"
    grade_class(handed_in, tp2, out, language="en")
    return out


@pytest.fixture
def subs(tmp_path: Path, handed_in: Path) -> Path:
    """A copy of the work."""
    shutil.copytree(handed_in, tmp_path / "subs")
    return tmp_path / "subs"


@pytest.fixture
def graded_subs(subs: Path, first_grades: Path) -> Path:
    """The same where it has been graded once."""
    shutil.copytree(first_grades, subs.parent / "out")
    return subs


@pytest.fixture
def regrade(subs: Path, tp2: Assignment) -> Regrade:
    def grade(assignment: Assignment = tp2) -> dict[str, Grade]:
        return {g.student: g for g in grade_class(subs, assignment, subs.parent / "out", language="en")}

    return grade


def page(subs: Path) -> str:
    return (subs.parent / "out" / "changes.html").read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    return {name for name in STUDENTS if f">{name}</a>" in text}


def decide(subs: Path, student: str, check: str, mark: Mark, version: int = 0) -> None:
    MarksStore(subs.parent / "out").save("ann", [Wanted(student, check, version, mark)])


def without(tp2: Assignment, exercise: str, **changes: object) -> Assignment:
    """`tp2` with one exercise changed."""
    exercises = tuple(e.model_copy(update=changes) if e.id == exercise else e for e in tp2.exercises)
    return tp2.model_copy(update={"exercises": exercises})


def test_the_first_grade_and_one_that_changes_nothing_name_nobody(
    graded_subs: Path, regrade: Regrade
) -> None:
    assert "first grade" in page(graded_subs)
    regrade()
    assert "Nothing changed" in page(graded_subs)
    assert named(page(graded_subs)) == set()


def test_a_mark_names_its_student_alone(graded_subs: Path, regrade: Regrade) -> None:
    subs = graded_subs
    before = read_grades(subs.parent / "out")["bob"].total
    decide(subs, "bob", TOPIC, Mark(items=("argued",)))
    assert regrade()["bob"].total == before + 0.5
    assert named(page(subs)) == {"bob"}
    assert "a person gave 0.5" in page(subs)
    regrade()
    assert named(page(subs)) == set()


def test_a_changed_item_of_a_rubric_names_exactly_those_who_got_it(
    subs: Path, regrade: Regrade, tp2: Assignment
) -> None:
    decide(subs, "alice", TOPIC, Mark(items=("argued",)))
    decide(subs, "bob", TOPIC, Mark(items=("stated",)))
    decide(subs, "carla", TOPIC, Mark(items=("argued",), points=0.1, reason="copied"))
    regrade()
    reflection = tp2.exercise("reflection")
    assert reflection
    rubric = tuple(i.model_copy(update={"points": 0.4}) if i.id == "argued" else i for i in reflection.rubric)
    grades = regrade(without(tp2, "reflection", rubric=rubric))
    assert named(page(subs)) == {"alice"}
    assert "the rubric gives 0.4" in page(subs)
    marked = {n: next(c.points for c in g.checks if c.id == TOPIC) for n, g in grades.items()}
    assert marked == {"alice": 0.4, "bob": 0.25, "carla": 0.1}


def test_a_changed_rule_names_exactly_those_whom_it_touches(
    graded_subs: Path, regrade: Regrade, tp2: Assignment
) -> None:
    subs = graded_subs
    folder = subs / "carla" / "tp2"
    answers = load_answers(folder)
    answers.observations["observations"].conclusions["steps"] = "Just six words are in this"
    save_answers(folder, answers)
    regrade()
    assert named(page(subs)) == {"carla"}
    observations = tp2.exercise("observations")
    assert observations
    conclusions = tuple(
        q.model_copy(update={"words_minimum": 5})
        for q in observations.conclusions  # type: ignore[union-attr]
    )
    regrade(without(tp2, "observations", conclusions=conclusions))
    assert named(page(subs)) == {"carla"}
    assert "not right → open" in page(subs)


def test_a_mark_of_a_check_that_is_gone_is_kept_and_told(
    subs: Path, regrade: Regrade, tp2: Assignment
) -> None:
    decide(subs, "alice", TOPIC, Mark(points=0.5))
    regrade()
    reflection = tp2.exercise("reflection")
    assert reflection
    topics = tuple(t for t in reflection.topics if t.id != "reproducibility")  # type: ignore[union-attr]
    grades = regrade(without(tp2, "reflection", topics=topics))
    assert any(TOPIC in finding for finding in grades["alice"].for_grader)
    assert "that mark is kept" in page(subs)
    again = regrade()
    assert next(c.points for c in again["alice"].checks if c.id == TOPIC) == 0.5


def test_who_comes_and_who_goes_is_told(graded_subs: Path, regrade: Regrade) -> None:
    shutil.rmtree(graded_subs / "bob")
    regrade()
    assert named(page(graded_subs)) == {"bob"}
    assert "No longer among" in page(graded_subs)


def test_a_decision_is_in_the_export_beside_the_grades(subs: Path, regrade: Regrade) -> None:
    decide(subs, "alice", TOPIC, Mark(points=0.5))
    regrade()
    told = list(from_lines((subs.parent / "out" / LINES).read_bytes()))
    assert [(d.student, d.check, d.mark.points) for d in told] == [("alice", TOPIC, 0.5)]


def test_the_table_is_taken_over_once_and_undoes_nothing_later(graded_subs: Path, regrade: Regrade) -> None:
    out = graded_subs.parent / "out"
    (out / "marks.csv").write_text(f"student,check,points\nalice,{TOPIC},0.25\n")
    regrade()
    decide(graded_subs, "alice", TOPIC, Mark(points=0.5), version=1)
    regrade()
    history = MarksStore(out).history("alice", TOPIC)
    assert [(d.author, d.mark.points) for d in history] == [("marks.csv", 0.25), ("ann", 0.5)]
    (out / "marks.csv").write_text(f"student,check,points\nbob,{TOPIC},0.25\n")
    grades = regrade()
    assert [c.points for n in ("alice", "bob") for c in grades[n].checks if c.id == TOPIC] == [0.5, 0.25]


def test_an_own_deadline_and_a_late_rule_make_the_total(
    subs: Path, regrade: Regrade, tp2: Assignment
) -> None:
    due, later = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
    snapshots = []
    for student, mine in (("alice", due), ("bob", later)):
        (subs / student).rename(subs.parent / student)
        (subs / student).mkdir()
        shutil.make_archive(str(subs / student / "work"), "zip", subs.parent / student)
        late = int(max(0, (later - mine).total_seconds()))
        snapshots.append(
            StoredSnapshot(
                student=student, file=f"{student}/work.zip", bytes=1, sha256="0" * 64, collected=later,
                handed_in=later, changed=later, due=mine, late=late > 0, late_seconds=late,
            )
        )  # fmt: skip
    collection = Collection(assignment="tp2", snapshots=snapshots)
    (subs / INDEX).write_text(collection.model_dump_json(by_alias=True))
    grades = regrade(tp2.model_copy(update={"late": LateRule(percent_a_day=5.0)}))
    assert {n: (g.late_days, g.late_points) for n, g in grades.items()} == {
        "alice": (2, 2.0), "bob": (0, 0.0), "carla": (0, 0.0),
    }  # fmt: skip
    assert grades["alice"].total == round(grades["bob"].total - 2, 2)
    with (subs.parent / "out" / "grades.csv").open(encoding="utf-8") as file:
        assert "for lateness (days begun: 2)" in file.read()
    assert "for lateness (days begun: 2)" in (subs.parent / "out/alice/report.html").read_text()


def test_grades_from_before_totals_were_kept_are_compared_by_what_they_were(
    first_grades: Path, tp2: Assignment
) -> None:
    grades = read_grades(first_grades)
    old = {
        folder: grade.model_copy(update={"total": 0.0, "explained": "", "computed": 0.0})
        for folder, grade in grades.items()
    }
    assert find_changes(tp2, old, [(n, g) for n, g in grades.items()], "en") == []
