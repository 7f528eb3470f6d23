"""A batch's contact sheet: every picture of the list that is drawn, with its number, in one picture."""

import math
from collections.abc import Mapping

from PIL import Image

from exercises.errors import UserError
from exercises.i18n import Translator, labelled
from lab.jobs.batch import Batch
from lab.ui.sheets.drawing import SMALLEST_CELL, Cell, Row, draw
from lab.ui.sheets.kept import composed
from manifests.pictures import open_picture
from manifests.store import Record


def contact_sheet(t: Translator, batch: Batch, made: Mapping[str, Record]) -> bytes | None:
    """A PNG, about as wide as it is high; None where nothing is drawn."""
    cells = [
        Cell(picture, str(row.number))
        for row in batch.rows
        if row.run in made and (picture := _thumbnail(made[row.run])) is not None
    ]
    if not cells:
        return None
    columns = math.ceil(math.sqrt(len(cells)))
    rows = [Row("", cells[begin : begin + columns]) for begin in range(0, len(cells), columns)]
    title = labelled(batch.name, t("batch.state", done=len(made), count=len(batch.rows)), t.language)
    return composed(draw(rows, title=title, missing=""))


def _thumbnail(record: Record) -> Image.Image | None:
    """None for a picture that was damaged on disk."""
    try:
        picture = open_picture(record.image_path.read_bytes())
    except (UserError, OSError):
        return None
    picture.thumbnail((SMALLEST_CELL, SMALLEST_CELL))
    return picture
