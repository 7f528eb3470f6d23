"""`words_minimum` in the kinds that had no such field: a shorter text fails its own check, and says why."""

from pathlib import Path

import pytest

from exercises.assignment import Assignment
from exercises.loader import find_assignment
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission.reading import closing, open_submission
from tests.grading.api_good import make_api_work


def failing(work: Path, assignment: Assignment, exercise: str, minimum: int) -> list[CheckResult]:
    """The checks of an exercise that fail once so many words are asked for."""
    asked = assignment.model_copy(
        update={
            "exercises": tuple(
                e.model_copy(update={"words_minimum": minimum}) if e.id == exercise else e
                for e in assignment.exercises
            )
        }
    )
    with closing(open_submission(work, assignment.id)) as submission:
        checks = check_submission(asked, submission, "en")
    return [c for c in checks if c.id.startswith(f"{exercise}/") and c.passed is False]


@pytest.mark.parametrize(
    ("exercise", "rule", "enough"), [("evaluation", "reasons", 2), ("reflection", "lines", 60)]
)
def test_a_text_of_too_few_words_fails(
    good_work: Path, tp2: Assignment, exercise: str, rule: str, enough: int
) -> None:
    assert failing(good_work, tp2, exercise, enough) == []
    checks = failing(good_work, tp2, exercise, 500)
    assert checks
    assert {check.id.split("/")[2] for check in checks} == {rule}
    assert all(check.cause and "500" in check.cause.message for check in checks)


def test_the_use_of_an_alternative_text_has_as_many_words_as_asked_for(tmp_path: Path) -> None:
    assignment = find_assignment("api-analysis")
    make_api_work(tmp_path / "alice", assignment)
    assert failing(tmp_path / "alice", assignment, "alt_text", 5) == []
    checks = failing(tmp_path / "alice", assignment, "alt_text", 6)
    assert {check.id.split("/")[2] for check in checks} == {"alt_written"}
