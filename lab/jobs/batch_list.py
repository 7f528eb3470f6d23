"""The list of a batch: a CSV file, a picture a row, its columns named as the parameters of a run.

Only `prompt` is needed; a cell left blank is the parameter's usual value. The file is a person's or a
program's: it is bounded, its separator is a comma, a semicolon or a tab, and lines that are not in order are
named before anything is drawn.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePath

from pydantic import ValidationError

from exercises.errors import CatalogueError
from exercises.faults import Fault, faults
from exercises.i18n import Language, translator
from exercises.parameters import Parameters
from manifests.strict_json import decoded

MOST_ROWS = 1000
MOST_BYTES = 4 * 2**20
MOST_TOLD = 5  # lines that are not in order, in one message
COLUMNS = ("prompt", "negative_prompt", "seed", "steps", "guidance_scale", "scheduler", "width", "height")
ALSO = {"negative": "negative_prompt", "guidance": "guidance_scale", "cfg": "guidance_scale"}
WHOLE = ("seed", "steps", "width", "height")
DELIMITERS = ",;\t"


class BatchError(CatalogueError):
    """The list of a batch cannot be drawn as it is."""

    package = "lab"


class BadLines(BatchError):
    """Some of the list's lines are not in order: each with its number and what was expected in it."""

    def __init__(self, lines: Sequence[tuple[int, Fault]]) -> None:
        super().__init__("batch.bad_lines")
        self.lines = lines

    def in_language(self, language: Language) -> str:
        t = translator("lab", language)
        told = [
            t("batch.bad_line", line=line, field=fault.field, expected=fault.text(language))
            for line, fault in self.lines[:MOST_TOLD]
        ]
        more = len(self.lines) - len(told)
        return " ".join([*told, t("batch.more_lines", count=more)] if more else told)


def name_of(file: str) -> str:
    """What a list is called: its file's name, as pictures can be named after it."""
    plain = unicodedata.normalize("NFKD", PurePath(file).stem).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")
    return name or f"list_{sha256(file.encode('utf-8', 'replace')).hexdigest()[:6]}"  # of no Latin letter


def read_list(data: bytes) -> list[Parameters]:
    """What each row asks for, in their order. Raises BatchError."""
    rows = _rows(data)
    _, cells = next(rows, (0, []))
    header = [_column(cell) for cell in cells]
    unknown = [cell for cell in header if cell not in COLUMNS]
    if "prompt" not in header or unknown or len(set(header)) < len(header):
        raise BatchError("batch.columns", found=", ".join(header)[:200], columns=", ".join(COLUMNS))
    asked: list[Parameters] = []
    wrong: list[tuple[int, Fault]] = []
    for number, (line, cells) in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise BatchError("batch.too_many", most=MOST_ROWS)
        if len(cells) > len(header):
            raise BatchError("batch.too_many_cells", line=line)
        given = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
        try:
            asked.append(_parameters(given))
        except ValidationError as error:
            wrong += [(line, fault) for fault in faults(error, given)]
    if wrong:
        raise BadLines(wrong)
    if not asked:
        raise BatchError("batch.empty")
    return asked


def _parameters(given: Mapping[str, str]) -> Parameters:
    """Raises ValidationError."""
    values: dict[str, object] = dict(given)
    for name in WHOLE:
        if re.fullmatch("[0-9]{1,12}", given.get(name, "")):
            values[name] = int(given[name])
    if re.fullmatch("[0-9]{1,6}([.,][0-9]{1,6})?", given.get("guidance_scale", "")):
        values["guidance_scale"] = float(given["guidance_scale"].replace(",", "."))
    return Parameters.model_validate(values)


def _column(cell: str) -> str:
    name = cell.strip().lower().replace(" ", "_")
    return ALSO.get(name, name)


def _rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of its first line. Raises BatchError."""
    if len(data) > MOST_BYTES:
        raise BatchError("batch.too_large", mib=MOST_BYTES // 2**20)
    try:
        text = decoded(data)  # UTF-16 too, as which Excel saves "Unicode text"
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # what Excel writes where it is not told otherwise
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True
    )
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise BatchError("batch.quotes", line=begins) from None
