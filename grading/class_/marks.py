"""`marks.csv`: what a person decided, beside the grades. Grading reads it and never writes it.

One line for each decision: `student,check,points`. A check is named by its id; `name:NAME` instead says
that NAME is this student too, on another machine. Lines without points (and no name) are still open, so
that `open.csv`, which grading writes, can be filled in bit by bit and saved as `marks.csv`.
"""

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from exercises.errors import CatalogueError
from grading.results import CheckResult, Grade

MARKS = "marks.csv"
OPEN = "open.csv"
COLUMNS = ("student", "check", "points")
NAME = "name:"
MAX_BYTES = 16 * 2**20


class MarksError(CatalogueError):
    """What is wrong in the file, with its line."""

    package = "grading"


@dataclass
class Marks:
    """One student's: points by the check's id, and other names that are theirs."""

    points: dict[str, float] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def read_marks(path: Path, students: Iterable[str]) -> dict[str, Marks]:
    """By student; nothing where there is no such file. Raises MarksError, OSError."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    try:
        text = data[:MAX_BYTES].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data[:MAX_BYTES].decode("cp1252", "replace")
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",")
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise MarksError("marks.columns", file=path.name, columns=", ".join(COLUMNS))
    known, marks = set(students), dict[str, Marks]()
    for row in rows:
        student, check, given = ((row[name] or "").strip().removeprefix("'") for name in COLUMNS)
        if not check or not (given or check.startswith(NAME)):
            continue
        if student not in known:
            raise MarksError("marks.student", file=path.name, line=rows.line_num, student=student[:80])
        own = marks.setdefault(student, Marks())
        if check.startswith(NAME):
            own.names.append(check.removeprefix(NAME).strip())
        else:
            own.points[check] = _points(given, path.name, rows.line_num)
    return marks


def apply_marks(checks: Iterable[CheckResult], points: dict[str, float]) -> list[CheckResult]:
    """The checks with what a person decided; what waited for such a decision follows it."""
    decided: dict[str, CheckResult] = {}
    for check in checks:
        if check.id in points:
            given = min(points[check.id], check.maximum)
        elif check.needs_person and check.waits_for in points:
            first = decided[check.waits_for]
            given = check.maximum if first.points == first.maximum else 0.0
        else:
            decided[check.id] = check
            continue
        update = {"points": given, "passed": given > 0, "needs_person": False, "by_person": True}
        decided[check.id] = check.model_copy(update=update)
    return list(decided.values())


def open_rows(grades: Iterable[Grade]) -> list[tuple[str, str, str, str, str]]:
    """The lines of `open.csv`: every open check, what it is worth, and what it asks."""
    header = [(*COLUMNS, "maximum", "title")]
    return header + [  # type: ignore[return-value]
        (grade.student, check.id, "", f"{check.maximum:g}", check.title)
        for grade in grades
        for check in grade.checks
        if check.needs_person and check.waits_for is None
    ]


def _points(text: str, file: str, line: int) -> float:
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not math.isfinite(points) or points < 0:
        raise MarksError("marks.points", file=file, line=line, points=text[:40])
    return round(points, 2)
