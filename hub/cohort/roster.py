"""Reads a class list as schools export it. The file is untrusted.

Each line becomes a student, a further group of a student, or a problem with the line's number. A file
that is not a table at all raises RosterError. Nothing here asks the Hub.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from exercises.i18n import Language, translator
from hub.cohort.roster_columns import Columns, RosterError, for_message, plain, recognize
from hub.user_names import NameFault, fault_of, normalized

MAX_BYTES = 2**20
MAX_STUDENTS = 5000
MAX_CELL = 250  # characters; the Hub's database stores 255
MAX_GROUPS = 20  # of one student
DEFAULT_GROUP = "class"
_DELIMITERS = ";,\t"
_EXCEL_HINT = re.compile(r"sep=[;,\t]\r?\n?", re.IGNORECASE)
_EXCEL_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?e\+[0-9]+|[0-9]+[.,]0+")  # 20231234 as Excel may write it
_LISTED = re.compile(r",\s+|\s*\n\s*")  # between the groups that Moodle puts into one cell
_LISTED_BY_CANVAS = re.compile(r",?\s+(?:and|et)\s+|,\s+")  # "A, B, and C"
_CANVAS_ROWS = ("", "pointspossible", "pointspossibles", "studenttest", "teststudent", "etudianttest")


@dataclass(frozen=True)
class Student:
    """One line of the roster. `user` is in lower case, as at the Hub."""

    line: int
    user: str
    groups: tuple[str, ...]
    name: str = ""  # only for messages; the Hub stores no names of persons


@dataclass(frozen=True)
class Problem:
    """What is wrong in one line. `code` is a key of the texts' section `cohort.roster`."""

    line: int
    code: str
    who: str = ""  # the user name, else the person's name
    other: str = ""  # the line or value it collides with
    fault: NameFault | None = None  # of a user name

    def text(self, language: Language) -> str:
        other = self.fault.text(language) if self.fault else self.other
        return translator("hub", language)(f"cohort.roster.{self.code}", who=self.who or "?", other=other)


@dataclass(frozen=True)
class Roster:
    """The content of a class list. `ignored` are the names of columns that are not used."""

    students: tuple[Student, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]

    def without(self, users: set[str]) -> "Roster":
        """Return the same roster without those students."""
        kept = tuple(student for student in self.students if student.user not in users)
        return Roster(kept, self.problems, self.ignored)


def read_roster(data: bytes, default_group: str = DEFAULT_GROUP, user_column: str | None = None) -> Roster:
    """Read students and problems, in the file's order. Students without a group get `default_group`.

    `user_column` is the title of the column with the user names; without it, its usual titles are known.
    """
    rows = _rows(_decode(data))
    header_line, header = next(rows, (0, []))
    columns = recognize(header, user_column)
    students: dict[str, Student] = {}
    problems: list[Problem] = []
    for count, (line, cells) in enumerate(rows):
        if count >= MAX_STUDENTS:
            raise RosterError("cohort.roster.too_many", limit=MAX_STUDENTS)
        found = _line(line, cells, columns, len(header), default_group)
        if isinstance(found, Student):
            found = _merged(students.get(found.user), found)
        if isinstance(found, Student):
            students[found.user] = found
        elif found is not None:
            problems.append(found)
    if not students and not problems:
        raise RosterError("cohort.roster.nobody", line=header_line)
    return Roster(tuple(students.values()), tuple(problems), columns.ignored)


def _merged(known: Student | None, again: Student) -> Student | Problem:
    """Return a student with the groups of a further line, which must not be about another person."""
    if known is None:
        return again
    if known.name and again.name and known.name.casefold() != again.name.casefold():
        return Problem(again.line, "twice", again.user, str(known.line))
    groups = tuple(dict.fromkeys(known.groups + again.groups))
    return replace(known, groups=groups, name=known.name or again.name)


def _decode(data: bytes) -> str:
    """Decode UTF-8, UTF-16 with a byte order mark, or else Windows' encoding for western Europe."""
    if len(data) > MAX_BYTES:
        raise RosterError("cohort.roster.too_large", kib=MAX_BYTES // 1024)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = data.decode("cp1252")
            except UnicodeDecodeError:
                text = data.decode("latin-1")
    if "\0" in text or not text.strip():
        raise RosterError("cohort.roster.no_text" if text.strip() else "cohort.roster.empty")
    return text


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the number of its first line."""
    hint = _EXCEL_HINT.match(text)
    first = 1 if hint else 0
    text = text[hint.end() :] if hint else text
    delimiter = hint.group()[4] if hint else _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = first + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise RosterError("cohort.roster.quotes", line=begins) from None
        if any(cell.strip() for cell in cells):
            yield begins, cells
        begins = first + reader.line_num + 1


def _delimiter(text: str) -> str:
    """Return the delimiter that is most frequent in the header, outside of quotes."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def _line(
    line: int, cells: list[str], columns: Columns, width: int, default_group: str
) -> Student | Problem | None:
    """Return what a line says; None for a row of Canvas that is about nobody."""

    def cell(index: int | None) -> str:
        value = cells[index] if index is not None and index < len(cells) else ""
        return unicodedata.normalize("NFC", value)

    name = " ".join(" ".join(cell(index) for index in (columns.first, columns.last)).split())
    user = normalized(cell(columns.user))
    who = for_message(user or name)
    if columns.canvas and plain(name) in _CANVAS_ROWS and (plain(name) or not user):
        return None
    if any(value.strip() for value in cells[width:]):
        return Problem(line, "too_many_cells", who)
    if not user:
        return Problem(line, "no_user", who)
    if _EXCEL_NUMBER.fullmatch(user):
        return Problem(line, "excel_number", who)
    fault = fault_of(user)
    if fault is not None:
        return Problem(line, "bad_user", who, fault=fault)
    separator = _LISTED_BY_CANVAS if columns.canvas else _LISTED
    listed = [" ".join(part.split()) for index in columns.groups for part in separator.split(cell(index))]
    groups = tuple(dict.fromkeys(group for group in listed if group)) or (default_group,)
    wrong = next((group for group in groups if not is_group_name(group)), None)
    if wrong is not None:
        return Problem(line, "bad_group", who, for_message(wrong))
    if len(groups) > MAX_GROUPS:
        return Problem(line, "many_groups", who, str(MAX_GROUPS))
    return Student(line, user, groups, for_message(name))


def is_group_name(name: str) -> bool:
    """Tell whether the Hub accepts a group's name: printable, not too long, and without a slash."""
    return (
        0 < len(name) <= MAX_CELL
        and name.isprintable()
        and name == name.strip()
        and not set(name) & set("/\\%")
        and set(name) != {"."}
        and name != ".."
    )
