"""What a gradebook is to be told of each submission, read from the folder of grades.

Missing, zero, excused and not gradable are four different things, and what a person has still to read is none
of them: only `graded` is a number. `total`, after lateness, stands for `points` where a grade has one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, ValidationError

from grading.class_.grade import MAX_GRADE_BYTES
from grading.gradebook.errors import GradebookError
from grading.results import Grade
from grading.wording import shown
from manifests.reader import read_regular_file

GRADE = "grade.json"

State = Literal["graded", "to_read", "missing", "not_gradable", "excused"]


class Recorded(Grade):
    """A `grade.json` as it may be."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    excused: bool = False


@dataclass(frozen=True)
class Score:
    """`points` is None unless the state is `graded`."""

    student: str
    folder: str
    state: State
    points: float | None
    maximum: float
    grade: Recorded


def read_scores(grades: Path) -> list[Score]:
    """Every student's, by folder. Raises GradebookError for none, or a file that `grade` did not write."""
    try:
        folders = sorted(path for path in grades.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError as error:
        raise GradebookError("gradebook.no_grades", folder=shown(grades)) from error
    found = [_score(folder) for folder in folders if (folder / GRADE).is_file()]
    if not found:
        raise GradebookError("gradebook.no_grades", folder=shown(grades))
    assignments = {score.grade.assignment for score in found}
    if len(assignments) > 1:
        raise GradebookError("gradebook.several", assignments=", ".join(sorted(assignments)))
    return found


def number(points: float) -> str:
    """Points as every importer reads them: a decimal point, no grouping, two places at most."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _score(folder: Path) -> Score:
    try:
        grade = Recorded.model_validate_json(read_regular_file(folder / GRADE, MAX_GRADE_BYTES))
    except (OSError, ValidationError) as error:
        raise GradebookError("gradebook.bad_grade", file=f"{shown(folder.name)}/{GRADE}") from error
    state: State = "excused" if grade.excused else grade.status
    points = grade.total if "total" in grade.model_fields_set else grade.points  # of grades from before it
    if not isfinite(points):
        raise GradebookError("gradebook.bad_grade", file=f"{shown(folder.name)}/{GRADE}")
    return Score(
        grade.student,
        folder.name,
        state,
        round(points, 2) if state == "graded" else None,
        grade.maximum,
        grade,
    )


def by_state(scores: Collection[Score]) -> dict[State, list[str]]:
    """The students whose score is no number, by why."""
    found: dict[State, list[str]] = {}
    for score in scores:
        if score.state != "graded":
            found.setdefault(score.state, []).append(score.student)
    return found
