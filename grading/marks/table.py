"""`marks.csv`: marks as a spreadsheet has them, beside the grades. Grading reads it and never writes it.

One line for each decision: `student,check,points`. A check is named by its id; `name:NAME` instead says
that NAME is this student too, on another machine. Lines without points (and no name) are still open, so
that `open.csv`, which grading writes, can be filled in bit by bit and saved as `marks.csv`.

A line becomes a decision once. What was decided later, at the desk or by another line, is not undone by a
line that stands there still, nor by one that has gone.
"""

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path

from exercises.errors import CatalogueError
from grading.marks.mark import NAME, Decision, Mark
from grading.marks.store import Conflict, MarksStore, Wanted
from grading.results import Grade

MARKS = "marks.csv"
OPEN = "open.csv"
COLUMNS = ("student", "check", "points")
MAX_BYTES = 16 * 2**20


class MarksError(CatalogueError):
    """What is wrong in the file, with its line."""

    package = "grading"


def take_over(path: Path, store: MarksStore, students: Iterable[str]) -> None:
    """Make decisions of the lines that are new. Raises MarksError before anything is written, OSError."""
    lines = read_marks(path, students)
    waiting = bool(lines)
    while waiting:
        try:
            _take_over(lines, store)
            waiting = False
        except Conflict:  # somebody decided at the desk meanwhile
            continue


def _take_over(lines: dict[tuple[str, str], Mark], store: MarksStore) -> None:
    newest: dict[tuple[str, str], Decision] = {}
    taken: dict[tuple[str, str], Mark] = {}
    for each in store.everything():
        newest[each.student, each.check] = each
        if each.author == MARKS:
            taken[each.student, each.check] = each.mark
    wanted = []
    for (student, check), line in lines.items():
        before = taken.get((student, check))
        if before is not None and (before.points, before.confirmed) == (line.points, line.confirmed):
            continue
        current = newest.get((student, check))
        mark = line
        if current is not None:  # comments and a flag are no matter of the table
            mark = line.model_copy(update={"comments": current.mark.comments, "flag": current.mark.flag})
        wanted.append(Wanted(student, check, current.version if current else 0, mark))
    if wanted:
        store.save(MARKS, wanted)


def read_marks(path: Path, students: Iterable[str]) -> dict[tuple[str, str], Mark]:
    """By student and check; nothing where there is no such file. Raises MarksError, OSError."""
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
    known, marks = set(students), dict[tuple[str, str], Mark]()
    for row in rows:
        student, check, given = ((row[name] or "").strip().removeprefix("'") for name in COLUMNS)
        if not check or not (given or check.startswith(NAME)):
            continue
        if student not in known:
            raise MarksError("marks.student", file=path.name, line=rows.line_num, student=student[:80])
        if check.startswith(NAME):
            marks[student, NAME + check.removeprefix(NAME).strip()] = Mark(confirmed=True)
        else:
            marks[student, check[:300]] = Mark(points=_points(given, path.name, rows.line_num))
    return marks


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
    if not math.isfinite(points) or not 0 <= points <= 1000:
        raise MarksError("marks.points", file=file, line=line, points=text[:40])
    return round(points, 2)
