"""A table as a platform or a spreadsheet writes it: read as it is, so that it can be written the same again.

The file comes from outside: its size is bounded, and nothing in it is a formula when it is written.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exercises.errors import SystemReason
from grading.checks.text_rules import plain
from grading.gradebook.errors import GradebookError
from grading.reports.table import escape_formula
from grading.wording import shown
from manifests.reader import read_regular_file

MAX_BYTES = 8 * 2**20
MAX_ROWS = 20_000
_HARMLESS = re.compile(r"-?[0-9]+([.,][0-9]+)?%?|-")  # a number, or a dash for none


@dataclass(frozen=True)
class Sheet:
    """Header and rows, each as long as the header; `bom` and `delimiter` as they were."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bom: bool = False
    delimiter: str = ","

    def column(self, *titles: str) -> int | None:
        """The first column with one of these titles, whatever their case, spaces and accents."""
        wanted = {_tight(title) for title in titles}
        return next((i for i, title in enumerate(self.header) if _tight(title) in wanted), None)

    def written(self, rows: Iterable[Sequence[str]]) -> bytes:
        """The same file with these rows, cell for cell as they are."""
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, lineterminator="\n").writerows([self.header, *rows])
        return (codecs.BOM_UTF8 if self.bom else b"") + text.getvalue().encode()


def read_sheet(path: Path) -> Sheet:
    """Raises GradebookError for what is no table."""
    try:
        data = read_regular_file(path, MAX_BYTES)
    except OSError as error:
        raise GradebookError("gradebook.file", file=shown(path), reason=SystemReason(error)) from error
    bom = data.startswith(codecs.BOM_UTF8)
    text = _decode(data)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise GradebookError("gradebook.no_table", file=shown(path), reason=str(error)) from error
    table = [row for row in table if any(cell.strip() for cell in row)]
    if len(table) < 2 or len(table[0]) < 2 or len(table) > MAX_ROWS:
        raise GradebookError("gradebook.no_table", file=shown(path), reason="")
    header = tuple(table[0])
    width = len(header)
    rows = tuple(tuple((row + [""] * width)[:width]) for row in table[1:])
    return Sheet(header, rows, bom, delimiter)


def write_rows(rows: Iterable[Sequence[str]], *, bom: bool = False) -> bytes:
    """UTF-8 and commas, every cell harmless in a spreadsheet; numbers and dashes stay as they are."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return (codecs.BOM_UTF8 if bom else b"") + text.getvalue().encode()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs; one without control characters, for importers go by lines."""
    line = " ".join("".join(c if c.isprintable() else " " for c in cell).split(" "))
    return line if _HARMLESS.fullmatch(line) else escape_formula(line)


def _decode(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _tight(title: str) -> str:
    return "".join(c for c in plain(title) if c.isalnum())
