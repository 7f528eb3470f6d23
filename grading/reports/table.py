"""`grades.csv`: one line per submission, for a spreadsheet that runs nothing of what stands in it.

Missing, not gradable and zero differ: only a graded submission has points, and `status` says
which it is. A value that a spreadsheet could take for a formula gets an apostrophe before it.
"""

import csv
import io
from collections.abc import Iterable

from exercises.assignment import Assignment
from grading.results import Grade, Lateness

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
COLUMNS = ("student", "assignment", "status", "points", "maximum", "to_read", "handed_in", "late_seconds")


def grades_csv(assignment: Assignment, grades: Iterable[Grade]) -> bytes:
    """UTF-8, commas, decimal points, a column per exercise."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    exercises = [exercise.id for exercise in assignment.exercises]
    writer.writerow([*COLUMNS, *exercises, "findings", "reasons"])
    for grade in grades:
        writer.writerow([escape_formula(value) for value in _row(grade, exercises)])
    return text.getvalue().encode()


def escape_formula(value: str) -> str:
    """`value`, harmless in a spreadsheet."""
    return f"'{value}" if value.lstrip().startswith(_FORMULA) or value.startswith(_FORMULA) else value


def _row(grade: Grade, exercises: Iterable[str]) -> list[str]:
    points = [f"{exercise_points(grade, e):g}" if grade.gradable else "" for e in exercises]
    return [
        grade.student,
        grade.assignment,
        grade.status.replace("_", " "),
        f"{grade.points:g}" if grade.gradable else "",
        f"{grade.maximum:g}",
        f"{grade.to_read:g}" if grade.gradable else "",
        *_times(grade.lateness),
        *points,
        " | ".join((*grade.for_grader, *grade.findings)),
        " | ".join(grade.reasons),
    ]


def _times(lateness: Lateness | None) -> tuple[str, str]:
    """When it was handed in, and the seconds after the deadline; empty where that is not known."""
    if lateness is None:
        return "", ""
    handed_in = lateness.handed_in.isoformat(timespec="seconds") if lateness.handed_in else ""
    return handed_in, "" if lateness.due is None else str(lateness.late_seconds)


def exercise_points(grade: Grade, exercise: str) -> float:
    """What the checks of one exercise earned."""
    return round(sum(c.points for c in grade.checks if c.id.startswith(f"{exercise}/")), 2)
