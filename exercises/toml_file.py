"""A TOML file that can say where each of its keys stands, so that an error names file, line and field.

tomllib gives values without lines; a scan of headers and keys gives the line of each key. A key
inside an inline table or a list is found at the line of the nearest key above it.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from exercises.errors import SystemReason, UserError
from exercises.faults import Expected, Fault
from exercises.faults import Path as KeyPath
from exercises.i18n import Language, preferred_language, translator

MOST_ERRORS = 20  # told at once

_BARE_OR_QUOTED = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_BARE_OR_QUOTED}(?:[ \t]*\.[ \t]*{_BARE_OR_QUOTED})*"
_DEEP = re.compile(rf"(?<![A-Za-z0-9_-])(?:(?>{_BARE_OR_QUOTED})[ \t]*+\.[ \t]*+){{16}}")
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_KEY = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_TOMLLIB_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class ExerciseError(UserError):
    """Something in an assignment's folder that its author can put right.

    `file`; `line` from 1 (None where there is none); `field` as a dotted path ("" for the whole
    file); `expected` in the language of the person at this process. `others`: what else is wrong, so
    that all of it can be put right at once.
    """

    others: tuple["ExerciseError", ...] = ()

    def __init__(self, file: Path, fault: Fault, line: int | None = None) -> None:
        super().__init__(file, fault, line)
        self.file, self.fault, self.line = file, fault, line

    @property
    def field(self) -> str:
        return self.fault.field

    @property
    def expected(self) -> str:
        return self.fault.text(preferred_language())

    def in_language(self, language: Language) -> str:
        t = translator("exercises", language)
        where = [str(self.file)]
        if self.line is not None:
            where.append(t("error.line", line=self.line))
        if self.field:
            where.append(t("error.field", field=self.field))
        own = t("error.at", where=", ".join(where), expected=self.fault.text(language))
        return "; ".join(dict.fromkeys([own, *(other.in_language(language) for other in self.others)]))

    def __str__(self) -> str:
        return self.in_language(preferred_language())


@contextmanager
def gathering(errors: list[ExerciseError]) -> Iterator[None]:
    """What is wrong in here is added to `errors` instead of raised, so that what follows is looked at too."""
    try:
        yield
    except ExerciseError as error:
        errors += [error, *error.others]
        error.others = ()


def raise_all(errors: Sequence[ExerciseError]) -> None:
    """Raise the first of them, which tells of the others; nothing where there are none."""
    if errors:
        errors[0].others = tuple(errors[1:MOST_ERRORS])
        raise errors[0]


def exercise_error(file: Path, key: str, /, **values: object) -> ExerciseError:
    """An error about a file or folder as a whole; `key` is one of the catalogue's `[expected]`."""
    return ExerciseError(file, Fault((), (Expected(key, values),)))


def read_text(path: Path, max_bytes: int) -> str:
    """A regular UTF-8 file of at most `max_bytes`. Raises ExerciseError."""
    if not path.is_file():
        raise exercise_error(path, "file")
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise exercise_error(path, "readable", reason=SystemReason(error)) from error
    if len(data) > max_bytes:
        raise exercise_error(path, "file_at_most", kib=max_bytes // 1024)
    try:
        return data.decode("utf-8-sig")  # some editors write a byte order mark
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ExerciseError(path, Fault((), (Expected("utf8", {}),)), line) from error


@dataclass(frozen=True)
class TomlFile:
    path: Path
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, path: Path, max_bytes: int) -> "TomlFile":
        """Read and parse. Raises ExerciseError, with the line of a syntax error."""
        text = read_text(path, max_bytes)
        if deep := _DEEP.search(text):  # tomllib takes minutes over a key of thousands of parts
            line = text[: deep.start()].count("\n") + 1
            raise ExerciseError(path, Fault((), (Expected("nesting", {}),)), line)
        try:
            return cls(path, text, tomllib.loads(text))
        except RecursionError as error:
            raise exercise_error(path, "nesting") from error
        except ValueError as error:  # TOMLDecodeError is one; so are a number of 5,000 digits, a 31st of June
            message = str(error)
            found = _TOMLLIB_LINE.search(message)
            line = int(found[1]) if found else max(1, len(text.splitlines()))
            reason = _TOMLLIB_LINE.sub("", message)[:200]
            raise ExerciseError(path, Fault((), (Expected("toml", {"reason": reason}),)), line) from error

    def error(self, path: KeyPath, key: str, /, **values: object) -> ExerciseError:
        """An error at a key: what was expected there is `key` of the catalogue's `[expected]`."""
        return self.fault(Fault(path, (Expected(key, values),)))

    def fault(self, fault: Fault) -> ExerciseError:
        return ExerciseError(self.path, fault, self.line(fault.path))

    def line(self, path: KeyPath) -> int | None:
        """The line of a key, from 1; where the key itself is not found, that of the nearest one above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        lines: dict[KeyPath, int] = {}
        counts: dict[KeyPath, int] = {}  # how many tables a list of tables has so far
        table: KeyPath = ()
        closing: str | None = None  # the quotes that end the multi-line string we are in
        for number, line in enumerate(self.text.split("\n"), 1):
            if closing:
                closing = None if closing in line else closing
                continue
            if header := _HEADER.match(line):
                table = _resolve(_parts(header[2]), counts)
                if header[1] == "[[":
                    counts[table] = counts.get(table, 0) + 1
                    table = (*table, counts[table] - 1)
                lines.setdefault(table, number)
            elif key := _KEY.match(line):
                parts = _parts(key[1])
                for length in range(1, len(parts) + 1):
                    lines.setdefault((*table, *parts[:length]), number)
                closing = next((q for q in ('"""', "'''") if line.count(q) == 1), None)
        return lines


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in re.findall(_BARE_OR_QUOTED, dotted))


def _resolve(parts: KeyPath, counts: dict[KeyPath, int]) -> KeyPath:
    """`exercises.runs` below `[[exercises]]` means the last of the exercises so far."""
    path: KeyPath = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        if path in counts and index < len(parts) - 1:
            path = (*path, counts[path] - 1)
    return path
