"""A day of grading: honest work loses nothing, empty words earn nothing, what is forged is told."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from grading.class_.grade import grade_class
from grading.results import Grade
from tests.grading.corpus import COPIED, EMPTY, FORGED, HONEST, TP2, changed, no_picture_left, victim
from tests.grading.good import EARNED, OPEN

WORDS = {f"reflection/{topic.id}/topic" for topic in TP2.exercise("reflection").topics}  # type: ignore[union-attr]
REASONS = {f"evaluation/{subject}/reasons" for subject in ("baseline", "extreme", "high_strength")}


@dataclass(frozen=True)
class Graded:
    out: Path
    grades: dict[str, Grade]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """All of the corpus, graded as one class."""
    root = tmp_path_factory.mktemp("corpus")
    folder, out = root / "submissions", root / "out"
    folder.mkdir()
    victim(folder)
    for name, make in HONEST.items() | COPIED.items():
        make(folder, name)
    for name, change in EMPTY.items() | FORGED.items() | {("no-picture-left", no_picture_left)}:
        changed(change)(folder, name)
    (folder / "loop").symlink_to(folder / "loop")
    return Graded(out, {g.student: g for g in grade_class(folder, TP2, out, language="en")})


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_loses_no_point_and_is_not_accused(name: str, graded: Graded) -> None:
    grade = graded.grades[name]
    assert [(c.id, c.cause) for c in grade.checks if c.status in ("failed", "unchecked")] == []
    assert grade.possible == grade.maximum
    if not name.startswith("two-machines"):
        assert (grade.points, grade.open) == (EARNED, OPEN)
        assert grade.for_grader == ()


@pytest.mark.parametrize("name", ["two-machines", "two-machines-said"])
def test_work_under_two_names_is_open_until_a_grader_confirms_the_other(name: str, graded: Graded) -> None:
    grade = graded.grades[name]
    assert {c.id.split("/")[1] for c in grade.checks if c.needs_person} >= {"smoke", "baseline", "record"}
    assert f"{name}-laptop" in grade.for_grader[0]
    assert ("says that they are the same" in grade.for_grader[0]) == name.endswith("said")


@pytest.mark.parametrize("name", EMPTY)
def test_what_only_looks_like_words_earns_nothing_and_says_why(name: str, graded: Graded) -> None:
    grade = graded.grades[name]
    about = REASONS if "reason" in name else {*WORDS, "reflection/text/lines"}
    checks = [c for c in grade.checks if c.id in about]
    assert [c.status for c in checks] == ["failed"] * len(about)
    assert all(c.cause for c in checks)


@pytest.mark.parametrize("name", [*FORGED, *COPIED])
def test_what_is_forged_or_copied_is_told_to_the_grader(name: str, graded: Graded) -> None:
    assert graded.grades[name].for_grader


@pytest.mark.parametrize("name", COPIED)
def test_a_copy_names_whose_it_is(name: str, graded: Graded) -> None:
    said = " ".join(graded.grades[name].for_grader)
    if name == "last-year-s":
        assert "long before those of the class" in said
    elif name == "somebody-s-name":
        assert "wxyz" in said
    else:
        assert "victim" in said


def test_records_with_broken_seals_earn_nothing(graded: Graded) -> None:
    grade = graded.grades["drawn-by-hand-unsealed"]
    pictures = [
        c for c in grade.checks if c.id.split("/")[0] in ("smoke", "baseline", "sweep", "studio", "hand_in")
    ]
    assert not any(c.points for c in pictures)
    assert "seal is broken" in grade.for_grader[0]


@pytest.mark.parametrize("name", ["says-an-api-made-it", "says-another-model-made-it"])
def test_planned_runs_that_nobody_can_make_again_are_open(name: str, graded: Graded) -> None:
    grade = graded.grades[name]
    runs = [c for c in grade.checks if c.id.split("/")[0] in ("smoke", "baseline", "sweep")]
    assert {c.status for c in runs} == {"open"}


def test_nothing_handed_in_earns_nothing_for_the_record(graded: Graded) -> None:
    record = [c for c in graded.grades["no-picture-left"].checks if c.id.startswith("hand_in/")]
    assert not any(c.points for c in record)


def test_everybody_in_the_folder_has_a_grade_and_nothing_went_wrong(graded: Graded) -> None:
    assert len(graded.grades) == len(HONEST) + len(EMPTY) + len(FORGED) + len(COPIED) + 3
    assert not graded.grades["loop"].gradable
    assert (graded.out / "grading.log").read_text() == ""
