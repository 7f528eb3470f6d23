"""Draws a table of pictures with a label on every row and under every picture, as one picture.

The font comes with the project (DejaVu Sans, cut down to Western European letters), so that labels
are the same on every machine and accents are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

PAPER, INK, FAINT, ACCENT = "#ffffff", "#1e293b", "#64748b", "#4338ca"
GAP = 16  # pixels between cells, and around the whole
TEXT = 18  # pixels, for labels; the title is larger
SMALLEST_CELL, LARGEST_CELL = 192, 320  # small models' pictures are enlarged until they can be seen


@dataclass(frozen=True)
class Cell:
    """One picture, or None where it is still to be made, with the words under it."""

    image: Image.Image | None
    caption: str
    marked: bool = False  # the picture others are compared with


@dataclass(frozen=True)
class Row:
    label: str
    cells: Sequence[Cell]


def draw(rows: Sequence[Row], *, title: str, missing: str) -> Image.Image:
    """Rows of labelled pictures under a title; `missing` stands where a picture is still to be made."""
    label_font, title_font = _font(TEXT), _font(TEXT + 4)
    side = _cell_side(rows)
    columns = max(len(row.cells) for row in rows)
    label_width = max(round(label_font.getlength(row.label)) for row in rows)
    left = GAP + (label_width + GAP if label_width else 0)
    width = left + columns * (side + GAP)
    title_lines = wrap(title, title_font, width - 2 * GAP)
    captions = [[wrap(cell.caption, label_font, side) for cell in row.cells] for row in rows]
    line = round(TEXT * 1.4)
    row_heights = [side + max(len(lines) for lines in row) * line + GAP for row in captions]
    top = GAP + len(title_lines) * (line + 6) + (GAP if title_lines else 0)

    sheet = Image.new("RGB", (width, top + sum(row_heights) + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, words in enumerate(title_lines):
        pen.text((GAP, GAP + index * (line + 6)), words, INK, title_font)
    y = top
    for row, row_captions, height in zip(rows, captions, row_heights, strict=True):
        pen.text((GAP, y + side / 2), row.label, INK, label_font, anchor="lm")
        for column, (cell, lines) in enumerate(zip(row.cells, row_captions, strict=True)):
            x = left + column * (side + GAP)
            _draw_cell(sheet, pen, cell, (x, y), side, missing)
            for index, words in enumerate(lines):
                colour = ACCENT if cell.marked else INK
                pen.text((x + side / 2, y + side + 6 + index * line), words, colour, label_font, anchor="ma")
        y += height
    return sheet


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines no wider than `width` pixels, broken at spaces and, where a word alone is too long, anywhere."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(joined) <= width:
            lines[-1] = joined
            continue
        while font.getlength(word) > width and len(word) > 1:
            cut = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or font.getlength(word[:n]) <= width)
            lines.append(word[:cut])
            word = word[cut:]
        lines.append(word)
    return lines


def _draw_cell(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, at: tuple[int, int], side: int, missing: str
) -> None:
    x, y = at
    frame = (x - 2, y - 2, x + side + 1, y + side + 1)
    if cell.image is None:
        pen.rectangle(frame, outline=FAINT, width=1)
        pen.text((x + side / 2, y + side / 2), missing, FAINT, _font(TEXT), anchor="mm")
        return
    picture = cell.image.convert("RGB")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    place = (x + (side - size[0]) // 2, y + (side - size[1]) // 2)
    sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), place)
    if cell.marked:
        pen.rectangle(frame, outline=ACCENT, width=2)


def _cell_side(rows: Sequence[Row]) -> int:
    sides = [max(cell.image.size) for row in rows for cell in row.cells if cell.image is not None]
    return min(LARGEST_CELL, max([SMALLEST_CELL, *sides]))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    data = files("lab.ui").joinpath("static", "DejaVuSans-subset.ttf").read_bytes()
    return ImageFont.truetype(BytesIO(data), size)
