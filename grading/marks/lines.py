"""Decisions as JSON lines: one decision a line, in the order in which they were taken.

It is the export of `marks.sqlite`, for other programs and as a copy to keep; read back it gives the same.
"""

import io
from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from exercises.errors import CatalogueError
from grading.marks.mark import Decision

LINES = "marks.jsonl"
LONGEST_LINE = 2**20


class LinesError(CatalogueError):
    """What is wrong in the export, with its line."""

    package = "grading"


def to_lines(decisions: Iterable[Decision]) -> bytes:
    """UTF-8, each line a JSON object of a decision's fields."""
    return "".join(f"{each.model_dump_json()}\n" for each in decisions).encode()


def from_lines(data: bytes, name: str = LINES) -> Iterator[Decision]:
    """The decisions. Raises LinesError: which line is none."""
    for number, line in enumerate(io.BytesIO(data), 1):
        if not line.strip():
            continue
        try:
            yield Decision.model_validate_json(line if len(line) <= LONGEST_LINE else b"")
        except ValidationError:
            raise LinesError("marks.line", file=name, line=number) from None
