"""Canvas's gradebook CSV, filled from the one that the teacher exported.

Written after Canvas's importer: the student columns as they were exported, up to the one with `Section`;
then the assignment as `Title (id)`; a line of points possible. The last comma or point of a number is its
decimal sign, in ids too, so an id that is no whole number is left empty, and a line without a whole `ID`
cannot be written. A line that would change nothing is left out: an empty cell over a score counts as a
change.
"""

import re

from grading.gradebook.errors import GradebookError
from grading.gradebook.matching import match
from grading.gradebook.result import Exported
from grading.gradebook.scores import Score, by_state, number
from grading.gradebook.sheet import Sheet, write_rows
from grading.wording import message, shown

EXCUSED = "EX"
POINTS_POSSIBLE = "    Points Possible"
_WHOLE = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"\s*[+-]?[0-9]*[.,][0-9]+\s*")
_TITLED = re.compile(r"(.*?)\s*\(([0-9]+)\)\s*")


def export(scores: list[Score], roster: Sheet | None, title: str | None) -> Exported:
    """Raises GradebookError for a roster that is no gradebook of Canvas, or a column that is not one."""
    if roster is None:
        raise GradebookError("gradebook.canvas_roster")
    last = _student_columns(roster)
    if title is None:
        raise GradebookError("gradebook.needs_column")
    column = _column(roster, last, title)
    header = [*roster.header[: last + 1], roster.header[column] if column is not None else title]
    possible, people = _points_possible(roster)
    maximum = scores[0].maximum
    if column is not None and possible is not None:
        _check_maximum(possible[column], maximum)
    matched = match(scores, people, without=("username",))
    rows, unwritable = [], []
    for place, score in sorted(matched.rows.items()):
        own = people.rows[place]
        cell = (
            EXCUSED if score.state == "excused" else number(score.points) if score.points is not None else ""
        )
        if not cell or (column is not None and _same(own[column], cell)):
            continue
        if not _WHOLE.fullmatch(own[1].strip()):
            unwritable.append(score.student)
            continue
        ids = ["" if _DECIMAL.fullmatch(value) else value for value in own[2 : last + 1]]
        rows.append([own[0], own[1].strip(), *ids, cell])
    first = [POINTS_POSSIBLE, *[""] * last, number(maximum)]
    states = by_state([s for s in scores if s.state != "excused"])
    notes = [message(f"gradebook.left_{state}", students=tuple(names)) for state, names in states.items()]
    if matched.unmatched or unwritable:
        notes.append(message("gradebook.unmatched", students=(*matched.unmatched, *unwritable)))
    if column is None:
        notes.append(message("gradebook.canvas_new", column=shown(title)))
    return Exported({"": write_rows([header, first, *rows], bom=roster.bom)}, len(rows), notes)


def _student_columns(roster: Sheet) -> int:
    """The last of the student columns."""
    header = roster.header
    last = next((i for i, name in enumerate(header[:8]) if "Section" in name), None)
    if last is None or len(header) < 4 or "Student" not in header[0] or header[1].strip() != "ID":
        raise GradebookError("gradebook.canvas_roster")
    return last


def _column(roster: Sheet, last: int, title: str) -> int | None:
    """The assignment's column: by `Title (id)`, then by its title alone; None makes a new assignment."""
    own = list(enumerate(roster.header))[last + 1 :]
    exact = [i for i, name in own if name.strip() == title.strip()]
    named = [i for i, name in own if (m := _TITLED.fullmatch(name)) and m[1].strip() == title.strip()]
    found = exact or named
    if len(found) > 1:
        raise GradebookError("gradebook.two_columns", column=shown(title))
    return found[0] if found else None


def _points_possible(roster: Sheet) -> tuple[tuple[str, ...] | None, Sheet]:
    """The line of maxima, and the people without it."""
    lines = [row for row in roster.rows if "Points Possible" in row[0]]
    people = tuple(row for row in roster.rows if "Points Possible" not in row[0])
    return (lines[0] if lines else None), Sheet(roster.header, people, roster.bom, roster.delimiter)


def _check_maximum(cell: str, maximum: float) -> None:
    if "read only" in cell:
        raise GradebookError("gradebook.read_only")
    if (value := _value(cell)) is not None and abs(value - maximum) > 0.005:
        raise GradebookError("gradebook.other_maximum", theirs=number(value), ours=number(maximum))


def _same(old: str, new: str) -> bool:
    if new == EXCUSED:
        return old.strip().upper() == EXCUSED
    value = _value(old)
    return value is not None and abs(value - float(new)) < 0.005


def _value(cell: str) -> float | None:
    """A number as Canvas reads it: the last comma or point is the decimal sign."""
    text = cell.strip()
    whole, sign, rest = re.fullmatch(r"(.*?)(?:([.,])([0-9]*))?", text, re.DOTALL).groups()  # type: ignore[union-attr]
    try:
        return float(re.sub(r"[.,\s]", "", whole) + ("." + rest if sign else "")) if text else None
    except ValueError:
        return None
