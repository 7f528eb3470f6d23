"""A class list as schools export it, read and never trusted: bytes in, students and problems out.

Rule: columns go by their names, in any order, in English or French; a line is either one student
or one problem with its number in the file; nothing here asks the Hub. A file that cannot be read
as a table at all raises RosterError.
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
MAX_CELL = 250  # characters; the Hub's own columns hold 255
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
    """A file that is no roster; nothing of it was used."""


@dataclass(frozen=True)
class Student:
    """One line: `user` as the Hub writes it (lower case), `group` as it stands there."""

    line: int
    user: str
    group: str
    name: str = ""  # for messages alone: the Hub keeps none


@dataclass(frozen=True)
class Problem:
    """What is wrong in one line. `code` is its key in the catalogue's `[roster]`."""

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
    students: tuple[Student, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...]  # columns that mean nothing here, as they are called in the file

    def without(self, users: set[str]) -> "Roster":
        """The same without those students."""
        kept = tuple(student for student in self.students if student.user not in users)
        return Roster(kept, self.problems, self.ignored)


def read_roster(data: bytes, default_group: str = DEFAULT_GROUP) -> Roster:
    """Students and problems, in the file's order. Who has no group is put into `default_group`."""
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
    """UTF-8, UTF-16 with a mark, else what Windows writes in the west of Europe."""
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
    """Rows that are not blank, each with the number of the line it begins in."""
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
    """The one that the first line with anything in it has most of, quoted parts left out."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def _columns(header: list[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Which column holds what, by index, and the names of those that hold nothing of use."""
    columns: dict[str, int] = {}
    ignored: list[str] = []
    for index, title in enumerate(header):
        kind = next((kind for kind, names in _COLUMNS.items() if _plain(title) in names), None)
        if kind is None or kind == "email":  # an address is no user name, and the Hub keeps none
            if title.strip():
                ignored.append(_shown(title))
        elif kind in columns:
            raise RosterError(
                "cohort.roster.column_twice", column=_shown(title), other=_shown(header[columns[kind]])
            )
        else:
            columns[kind] = index
    if "user" not in columns:
        found = ", ".join(_shown(title) for title in header if title.strip())
        raise RosterError("cohort.roster.no_user_column", found=found[:300])
    return columns, tuple(ignored)


def _line(
    line: int, cells: list[str], columns: dict[str, int], width: int, default_group: str
) -> Student | Problem:
    def cell(kind: str) -> str:
        index = columns.get(kind)
        value = cells[index] if index is not None and index < len(cells) else ""
        return unicodedata.normalize("NFC", " ".join(value.split()))  # hard spaces, line breaks

    name = " ".join(part for part in (cell("first"), cell("last")) if part)
    user = unicodedata.normalize("NFC", cell("user").lower())
    group = cell("group") or default_group
    who = _shown(user or name)
    if any(value.strip() for value in cells[width:]):
        return Problem(line, "too_many_cells", who)
    if not user:
        return Problem(line, "no_user", who)
    if not re.match(USER_NAME, user):
        return Problem(line, "bad_user", who)
    if not is_group_name(group):
        return Problem(line, "bad_group", who, _shown(group))
    return Student(line, user, group, _shown(name))


def is_group_name(name: str) -> bool:
    """Whether a Hub's group can be called so: printable, no slash, no more than fits."""
    return (
        0 < len(name) <= MAX_CELL
        and name.isprintable()
        and name == name.strip()
        and not set(name) & set("/\\%")
        and set(name) != {"."}
        and name != ".."
    )


def _plain(title: str) -> str:
    """A column's name without case, accents, spaces and signs."""
    letters = unicodedata.normalize("NFKD", title.casefold())
    return "".join(letter for letter in letters if letter.isalnum())


def _shown(text: str) -> str:
    """As much of a stranger's text as fits a message."""
    return "".join(letter if letter.isprintable() else "·" for letter in text.strip())[:80]
