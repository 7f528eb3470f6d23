"""Pictures that no model drew, packed as one sheet beside an assignment: what a classifier is tested on.

`<name>.webp` holds them side by side, `<name>.json` says of each what it shows, and whose the drawings are.
An assignment's author writes both (`training/composed_set.py` wrote the built-in ones); the sheet is decoded
only where it is looked at.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from exercises.parameters import Slug
from exercises.toml_file import exercise_error, read_text

MAX_CARD_BYTES = 64 * 1024
MAX_SHEET_BYTES = 512 * 1024
MOST = 400  # pictures

Line = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class Shows(BaseModel):
    """What one picture of the sheet shows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    thing: Slug
    background: Slug


class ComposedSet(BaseModel):
    """`side`: of each picture, in pixels; `columns`: how many stand side by side; `shows`: row by row."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    side: Annotated[int, Field(strict=True, ge=16, le=256)]
    columns: Annotated[int, Field(strict=True, ge=1, le=100)]
    source: Line
    licence: Line
    shows: tuple[Shows, ...] = Field(min_length=2, max_length=MOST)
    sheet: bytes = Field(repr=False, max_length=MAX_SHEET_BYTES)

    @property
    def sha256(self) -> str:
        """Of the sheet, as it is in the folder."""
        return hashlib.sha256(self.sheet).hexdigest()

    @property
    def size(self) -> tuple[int, int]:
        """The sheet's, in pixels."""
        return self.columns * self.side, -(-len(self.shows) // self.columns) * self.side

    @property
    def corners(self) -> list[tuple[int, int]]:
        """Where the upper left corner of each picture is."""
        places = (divmod(number, self.columns) for number in range(len(self.shows)))
        return [(column * self.side, row * self.side) for row, column in places]


def read_composed(folder: Path, name: str) -> ComposedSet:
    """The set of that name in an assignment's folder. Raises ExerciseError."""
    card, sheet = folder / f"{name}.json", folder / f"{name}.webp"
    text = read_text(card, MAX_CARD_BYTES)
    if not sheet.is_file() or sheet.stat().st_size > MAX_SHEET_BYTES:
        raise exercise_error(sheet, "sheet", kib=MAX_SHEET_BYTES // 1024)
    try:
        return ComposedSet.model_validate({**json.loads(text), "sheet": sheet.read_bytes()})
    except (ValidationError, ValueError, TypeError, RecursionError):
        raise exercise_error(card, "composed", maximum=MOST) from None
