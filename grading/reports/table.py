"""`grades.csv`: one line per submission, for a spreadsheet that runs nothing of what stands in it.

Missing, not gradable and zero differ: only a graded submission has points, and `status` says
which it is. Whether a spreadsheet parts cells at commas or, as in French, at semicolons: what it could take
for a formula gets an apostrophe before it.
"""

import csv
import io
import re
from collections.abc import Iterable

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.marks.totals import explained
from grading.results import Grade, Lateness

# What begins a formula, at the beginning of a cell or after what some spreadsheet takes for the end of one,
# with what is passed over before it.
_FORMULA = re.compile(r"""(^|[;,\t\r\n])(?=["'\s]*[=+\-@＝＋－＠]|[\t\r])""")
PARTS = ("computed", "marked", "late_points", "dropped_points", "total")
COLUMNS = ("student", "assignment", "status", "points", "maximum", "to_read", "handed_in", "late_seconds")


def grades_csv(assignment: Assignment, grades: Iterable[Grade], language: Language) -> bytes:
    """UTF-8, commas, decimal points, a column per exercise; its words are in the grader's language."""
    exercises = [exercise.id for exercise in assignment.exercises]
    header = [*COLUMNS, *exercises, "findings", "reasons", "possible", *PARTS, "sum"]
    return csv_bytes([header, *(_row(grade, assignment, language) for grade in grades)])


def csv_bytes(rows: Iterable[Iterable[str]]) -> bytes:
    """UTF-8 and commas, every value harmless."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([escape_formula(value) for value in row] for row in rows)
    return text.getvalue().encode()


def escape_formula(value: str) -> str:
    """`value`, harmless in a spreadsheet."""
    return _FORMULA.sub(r"\1'", value)


def _row(grade: Grade, assignment: Assignment, language: Language) -> list[str]:
    points = [f"{exercise_points(grade, e.id):g}" if grade.gradable else "" for e in assignment.exercises]
    return [
        grade.student,
        grade.assignment,
        grade.status.replace("_", " "),
        f"{grade.points:g}" if grade.gradable else "",
        f"{grade.maximum:g}",
        f"{grade.open:g}" if grade.gradable else "",
        *_times(grade.lateness),
        *points,
        " | ".join((*grade.for_grader, *grade.findings)),
        " | ".join(grade.reasons),
        f"{grade.possible:g}" if grade.gradable else "",
        *(f"{getattr(grade, name):g}" if grade.gradable else "" for name in PARTS),
        explained(grade, assignment, language) if grade.explained else "",
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
