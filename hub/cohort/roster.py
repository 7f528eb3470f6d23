"""Reads a class list as schools export it. The file is untrusted.

Columns are recognized by their names, in any order, in English or French. Each line becomes either a
student or a problem with the line's number. A file that is not a table at all raises RosterError.
Nothing here asks the Hub.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from exercises.i18n import Language, translator
from hub.cohort.errors import CohortError
from hub.user_names import USER_NAME

MAX_BYTES = 2**20
MAX_STUDENTS = 5000
MAX_CELL = 250  # characters; the Hub's database stores 255
DEFAULT_GROUP = "class"
_DELIMITERS = ";,\t"
_EXCEL_HINT = re.compile(r"sep=[;,\t]\r?\n?", re.IGNORECASE)
_COLUMNS = {
    "user": (
        "user", "username", "userid", "login", "account", "identifiant", "utilisateur",
        "nomutilisateur", "nomdutilisateur", "compte",
    ),
    "first": ("firstname", "givenname", "prenom"),
    "last": ("name", "lastname", "surname", "familyname", "fullname", "nom", "nomdefamille", "nomcomplet"),
    "email": ("email", "mail", "emailaddress", "courriel", "adresseemail", "adressecourriel",
              "adressedecourriel", "adressemail"),
    "group": ("group", "groups", "groupe", "groupes", "class", "classe", "section", "td", "tp"),
}  # fmt: skip


class RosterError(CohortError):
    """The file is not a roster, and nothing of it was used."""


@dataclass(frozen=True)
class Student:
    """One line of the roster. `user` is in lower case, as at the Hub."""

    line: int
    user: str
    group: str
    name: str = ""  # only for messages; the Hub stores no names of persons


@dataclass(frozen=True)
class Problem:
    """What is wrong in one line. `code` is a key of the texts' section `cohort.roster`."""

    line: int
    code: str
    who: str = ""  # the user name, else the person's name
    other: str = ""  # the line or value it collides with

    def text(self, language: Language) -> str:
        return translator("hub", language)(
            f"cohort.roster.{self.code}", who=self.who or "?", other=self.other
        )


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


def read_roster(data: bytes, default_group: str = DEFAULT_GROUP) -> Roster:
    """Read students and problems, in the file's order. Students without a group get `default_group`."""
    rows = _rows(_decode(data))
    header_line, header = next(rows, (0, []))
    columns, ignored = _columns(header)
    students: list[Student] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for count, (line, cells) in enumerate(rows):
        if count >= MAX_STUDENTS:
            raise RosterError("cohort.roster.too_many", limit=MAX_STUDENTS)
        found = _line(line, cells, columns, len(header), default_group)
        if isinstance(found, Student) and found.user in lines:
            found = Problem(line, "twice", found.user, str(lines[found.user]))
        if isinstance(found, Student):
            lines[found.user] = line
            students.append(found)
        else:
            problems.append(found)
    if not students and not problems:
        raise RosterError("cohort.roster.nobody", line=header_line)
    return Roster(tuple(students), tuple(problems), ignored)


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


def _columns(header: list[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return the index of each known column, and the names of the others."""
    columns: dict[str, int] = {}
    ignored: list[str] = []
    for index, title in enumerate(header):
        kind = next((kind for kind, names in _COLUMNS.items() if _normalized(title) in names), None)
        if kind is None or kind == "email":  # the Hub does not store e-mail addresses
            if title.strip():
                ignored.append(_for_message(title))
        elif kind in columns:
            raise RosterError(
                "cohort.roster.column_twice",
                column=_for_message(title),
                other=_for_message(header[columns[kind]]),
            )
        else:
            columns[kind] = index
    if "user" not in columns:
        found = ", ".join(_for_message(title) for title in header if title.strip())
        raise RosterError("cohort.roster.no_user_column", found=found[:300])
    return columns, tuple(ignored)


def _line(
    line: int, cells: list[str], columns: dict[str, int], width: int, default_group: str
) -> Student | Problem:
    def cell(kind: str) -> str:
        index = columns.get(kind)
        value = cells[index] if index is not None and index < len(cells) else ""
        return unicodedata.normalize(
            "NFC", " ".join(value.split())
        )  # also replaces hard spaces and line breaks

    name = " ".join(part for part in (cell("first"), cell("last")) if part)
    user = unicodedata.normalize("NFC", cell("user").lower())
    group = cell("group") or default_group
    who = _for_message(user or name)
    if any(value.strip() for value in cells[width:]):
        return Problem(line, "too_many_cells", who)
    if not user:
        return Problem(line, "no_user", who)
    if not re.match(USER_NAME, user):
        return Problem(line, "bad_user", who)
    if not is_group_name(group):
        return Problem(line, "bad_group", who, _for_message(group))
    return Student(line, user, group, _for_message(name))


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


def _normalized(title: str) -> str:
    """Return a column's name without case, accents, spaces and punctuation."""
    letters = unicodedata.normalize("NFKD", title.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def _for_message(text: str) -> str:
    """Return as much of an untrusted text as fits into a message."""
    return "".join(letter if letter.isprintable() else "·" for letter in text.strip())[:80]
