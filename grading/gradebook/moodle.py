"""Moodle: the teacher's own offline worksheet filled in, or a CSV for the gradebook's import.

A worksheet is known by its lines ("Participant 12", whatever the language): everything in it stays as it
was downloaded, the grade alone is written, with the decimal sign of its maxima. The import fails as a
whole for one unknown user and for one value that is no number or above the maximum: such lines are left
out and named.
"""

import re
from collections import Counter

from grading.gradebook.errors import GradebookError
from grading.gradebook.matching import TITLES, Matched, match, match_in, settle
from grading.gradebook.result import Exported
from grading.gradebook.scores import Score, by_state, number
from grading.gradebook.sheet import Sheet, harmless, write_rows
from grading.wording import Message, message, shown

WORKSHEET_COLUMNS = 6  # at least
GRADE = ("grade", "note", "bewertung", "calificación", "valutazione", "nota", "beoordeling", "cijfer")
_PARTICIPANT = re.compile(r"(\D+?) ?([0-9]{1,18})")
_FOLDER = re.compile(r".*_([0-9]{1,18})_assignsubmission_.*")  # as Moodle calls a student's folder in its zip
_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?")
_NO = {"no", "non", "nein", "nee"}


def export(scores: list[Score], roster: Sheet | None, title: str | None) -> Exported:
    """Raises GradebookError for a roster that is of no use, or a column that cannot be found."""
    if roster is None:
        raise GradebookError("gradebook.moodle_roster")
    if _is_worksheet(roster):
        return _worksheet(scores, roster, title)
    return _import(scores, roster, title)


def _is_worksheet(sheet: Sheet) -> bool:
    """Whether its first column has one word and a number in each line, and there are columns enough."""
    found = [_PARTICIPANT.fullmatch(row[0].strip()) for row in sheet.rows]
    return (
        len(sheet.header) >= WORKSHEET_COLUMNS
        and len({m and m[1] for m in found} | {None}) == 2
        and all(found)
    )


def _worksheet(scores: list[Score], sheet: Sheet, title: str | None) -> Exported:
    column = _grade_column(sheet, title)
    participants = {
        m[2]: i for i, row in enumerate(sheet.rows) if (m := _PARTICIPANT.fullmatch(row[0].strip()))
    }
    by_number: list[tuple[Score, set[int]]] = []
    others: list[Score] = []
    for score in scores:
        folder = _FOLDER.fullmatch(score.student)
        if folder is not None and folder[1] in participants:
            by_number.append((score, {participants[folder[1]]}))
        else:
            others.append(score)
    named = match_in(others, sheet, range(2, column))  # what a site shows of people, the name aside
    both = settle([*by_number, *((score, {place}) for place, score in named.rows.items())])
    matched = Matched(both.rows, [*both.unmatched, *named.unmatched])
    rows, locked, written, too_high = [list(row) for row in sheet.rows], [], 0, []
    for place, score in matched.rows.items():
        row, greatest = rows[place], _greatest(sheet.rows[place], column)
        if score.points is None:
            continue
        if any(cell.strip().casefold() in _NO for cell in row[column + 2 : column + 3]):
            locked.append(score.student)
        elif greatest is not None and score.points > greatest:
            too_high.append(score.student)
        else:
            row[column] = _local(score.points, sheet.rows[place][column + 1 : column + 2])
            written += 1
    notes = _notes(scores, matched, too_high)
    if locked:
        notes.append(message("gradebook.locked", students=tuple(locked)))
    for row in rows:
        row[1] = harmless(row[1])  # the name; everything else is read back, or is the teacher's own
    return Exported({"": sheet.written(rows)}, written, notes)


def _import(scores: list[Score], roster: Sheet, title: str | None) -> Exported:
    if title is None:
        raise GradebookError("gradebook.needs_column")
    key = next(
        (c for name in ("idnumber", "email", "username") if (c := roster.column(*TITLES[name])) is not None),
        None,
    )
    if key is None:
        raise GradebookError("gradebook.moodle_roster")
    matched = match(scores, roster, without=("id",))
    taken = Counter(row[key].strip().casefold() for row in roster.rows)
    rows, too_high, nameless = [], [], []
    for place, score in sorted(matched.rows.items()):
        who = roster.rows[place][key].strip()
        if score.points is not None and score.points > score.maximum:
            too_high.append(score.student)
        elif not who or taken[who.casefold()] > 1:
            nameless.append(score.student)
        elif score.points is not None:
            rows.append([who, number(score.points)])
    matched.unmatched += nameless
    data = write_rows([[roster.header[key].strip(), title], *rows])
    return Exported({"": data}, len(rows), _notes(scores, matched, too_high))


def _notes(scores: list[Score], matched: Matched, too_high: list[str]) -> list[Message]:
    notes = [
        message(f"gradebook.left_{state}", students=tuple(names)) for state, names in by_state(scores).items()
    ]
    if matched.unmatched:
        notes.append(message("gradebook.unmatched", students=tuple(matched.unmatched)))
    if too_high:
        notes.append(message("gradebook.too_high", students=tuple(too_high)))
    return notes


def _grade_column(sheet: Sheet, title: str | None) -> int:
    """The column of the grade: as named, else by its title in some languages, else before the maxima."""
    if title is not None:
        found = sheet.column(title)
        if found is None:
            raise GradebookError("gradebook.no_column", column=shown(title))
        return found
    if (found := sheet.column(*GRADE)) is not None:
        return found
    maxima = [
        i
        for i in range(2, len(sheet.header))
        if _NUMBER.fullmatch(sheet.rows[0][i].strip()) and len({row[i] for row in sheet.rows}) == 1
    ]
    if len(maxima) != 1:
        raise GradebookError("gradebook.needs_column")
    return maxima[0] - 1


def _greatest(row: tuple[str, ...], column: int) -> float | None:
    cell = row[column + 1].strip() if column + 1 < len(row) else ""
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def _local(points: float, beside: tuple[str, ...]) -> str:
    """With the decimal sign of the maximum beside it."""
    comma = any("," in cell for cell in beside)
    return number(points).replace(".", ",") if comma else number(points)
