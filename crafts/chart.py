"""The chart of a cross-stitch pattern as PDF: what to buy first, then the stitches, over several pages.

Rule: it can be worked from in black and white. Each thread has a symbol; the tens are bold and numbered;
a page begins with the last two rows or columns of the page before it, on grey; the legend is a table of text.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crafts.colour import rgb, word_of
from crafts.pages import FONT, MM, SMALL, Document
from exercises.i18n import Language, number, translator

if TYPE_CHECKING:
    from crafts.crossstitch import CrossStitchSettings

CELL = 3.4  # mm
COLUMNS, ROWS, OVERLAP = 48, 62, 2  # on a page, of which so many were on the page before
LEFT, TOP = 20.0, 34.0  # mm, of the grid on its page
SYMBOL = 7.5  # points
TINT = 0.35  # of the thread's colour behind its symbol

Lines = list[tuple[int, int, int, int]]


def written(
    settings: "CrossStitchSettings",
    grid: NDArray[np.int64],
    lines: Lines,
    figures: dict[str, Any],
    preview: Image.Image,
    language: Language,
) -> bytes:
    """The whole document. Raises MissingExtra."""
    return _Chart(settings, grid, lines, figures, language).document(preview)


class _Chart(Document):
    def __init__(
        self,
        settings: "CrossStitchSettings",
        grid: NDArray[np.int64],
        lines: Lines,
        figures: dict[str, Any],
        language: Language,
    ) -> None:
        self.t, self.language = translator("crafts", language), language
        super().__init__(language, self.t("crossstitch.title"))
        self.settings, self.grid, self.lines, self.figures = settings, grid, lines, figures

    def document(self, preview: Image.Image) -> bytes:
        t, found, settings = self.t, self.figures, self.settings
        self.pdf.add_page()
        self.text(t("crossstitch.title"), 17, bold=True)
        wide, high = (number(side, self.language) for side in found["centimetres"])
        size = {"width": found["width"], "height": found["height"], "wide": wide, "high": high}
        self.text(t("crossstitch.size", **size, count=settings.count))
        self.text(t("crossstitch.how", strands=settings.strands))
        top = self.pdf.get_y() + 2
        height = min(110.0, self.pdf.epw * preview.height / preview.width)
        alt = t("crossstitch.preview_alt", threads=len(found["threads"]), **size)
        self.picture(preview, (self.pdf.l_margin, top, self.pdf.epw, height), alt)
        self.pdf.set_y(top + height + 2)
        self._legend()
        self.text(t("crossstitch.note"), SMALL, grey=True)
        pages = list(self._pages())
        for place, (left, upper) in enumerate(pages, 1):
            self._page(left, upper, place, len(pages))
        return self.written()

    def _legend(self) -> None:
        """A line a thread, in words and figures."""
        from fpdf.fonts import FontFace

        t, pdf = self.t, self.pdf
        self.heading(t("crossstitch.threads"))
        self.font(SMALL)
        names = ("symbol", "number", "colour", "screen", "stitches", "skeins")
        with pdf.table(
            col_widths=(12, 16, 40, 26, 20, 16), line_height=SMALL * 1.35 * MM, text_align="LEFT", padding=0.6
        ) as table:
            table.row([t(f"crossstitch.{name}") for name in names])
            for each in self.figures["threads"]:
                row = table.row()
                tint = tuple(int(v) for v in _tint(each["colour"]))
                row.cell(each["symbol"], align="CENTER", style=FontFace(fill_color=tint))
                row.cell(f"DMC {each['number']}")
                lightness, hue = word_of(each["colour"])
                row.cell(t(f"colour.{lightness}", colour=t(f"hue.{hue}")))
                row.cell(each["colour"])
                row.cell(str(each["stitches"]))
                row.cell(str(each["skeins"]))
        pdf.ln(2)

    def _pages(self) -> Iterator[tuple[int, int]]:
        """The first column and row of each page, row by row."""
        height, width = self.grid.shape
        for upper in _starts(height, ROWS):
            for left in _starts(width, COLUMNS):
                yield left, upper

    def _page(self, left: int, upper: int, place: int, of: int) -> None:
        pdf, part = self.pdf, self.grid[upper : upper + ROWS, left : left + COLUMNS]
        rows, columns = part.shape
        pdf.add_page()
        where = {"left": left + 1, "right": left + columns, "upper": upper + 1, "lower": upper + rows}
        self.text(self.t("crossstitch.page", place=place, of=of, **where), bold=True)
        self.text(self.t("crossstitch.overlap"), SMALL, grey=True)
        for r, c, length, thread in _runs(part):
            pdf.set_fill_color(*_tint(self.figures["threads"][thread]["colour"]))
            pdf.rect(LEFT + c * CELL, TOP + r * CELL, length * CELL, CELL, style="F")
        pdf.set_fill_color(205)
        if left:
            pdf.rect(LEFT, TOP, OVERLAP * CELL, rows * CELL, style="F")
        if upper:
            pdf.rect(LEFT, TOP, columns * CELL, OVERLAP * CELL, style="F")
        self._symbols(part)
        self._rules(left, upper, rows, columns)
        self._back_stitches(left, upper, rows, columns)
        self._arrows(left, upper, rows, columns)

    def _symbols(self, part: NDArray[np.int64]) -> None:
        pdf = self.pdf
        pdf.set_font(FONT, size=SYMBOL)
        pdf.set_text_color(0)
        signs = [each["symbol"] for each in self.figures["threads"]]
        half = [pdf.get_string_width(sign) / 2 for sign in signs]
        for r, row in enumerate(part.tolist()):
            for c, thread in enumerate(row):
                x = LEFT + (c + 0.5) * CELL - half[thread]
                pdf.text(x, TOP + (r + 0.5) * CELL + SYMBOL * MM * 0.36, signs[thread])

    def _rules(self, left: int, upper: int, rows: int, columns: int) -> None:
        """Every tenth line is bold and has its number."""
        pdf = self.pdf
        self.font(6)
        for first, count, length, across in ((left, columns, rows, True), (upper, rows, columns, False)):
            for place in range(count + 1):
                bold = (first + place) % 10 == 0
                pdf.set_line_width(0.5 if bold else 0.12)
                pdf.set_draw_color(0 if bold else 120)
                at = place * CELL
                if across:
                    pdf.line(LEFT + at, TOP, LEFT + at, TOP + length * CELL)
                else:
                    pdf.line(LEFT, TOP + at, LEFT + length * CELL, TOP + at)
                if bold and first + place:
                    said = str(first + place)
                    wide = pdf.get_string_width(said)
                    if across:
                        pdf.text(LEFT + at - wide / 2, TOP - 1, said)
                    else:
                        pdf.text(LEFT - wide - 1, TOP + at + 0.8, said)

    def _back_stitches(self, left: int, upper: int, rows: int, columns: int) -> None:
        pdf = self.pdf
        pdf.set_line_width(0.8)
        pdf.set_draw_color(0)
        for c, r, to_c, to_r in self.lines:
            if left <= c and to_c <= left + columns and upper <= r and to_r <= upper + rows:
                x, y = LEFT - left * CELL, TOP - upper * CELL
                pdf.line(x + c * CELL, y + r * CELL, x + to_c * CELL, y + to_r * CELL)

    def _arrows(self, left: int, upper: int, rows: int, columns: int) -> None:
        """Where the chart goes on, and where its middle is."""
        height, width = self.grid.shape
        self.font(11, bold=True)
        if left + columns < width:
            self.pdf.text(LEFT + columns * CELL + 1, TOP + rows * CELL / 2, "→")
        if upper + rows < height:
            self.pdf.text(LEFT + columns * CELL / 2, TOP + rows * CELL + 5, "↓")
        self.font(8)
        if left <= width / 2 <= left + columns:
            self.pdf.text(LEFT + (width / 2 - left) * CELL - 1, TOP - 3.4, "▼")
        if upper <= height / 2 <= upper + rows:
            self.pdf.text(LEFT - 8, TOP + (height / 2 - upper) * CELL + 1, "▶")


def _starts(length: int, page: int) -> Iterator[int]:
    """Where the pages begin along one side."""
    start = 0
    while True:
        yield start
        if start + page >= length:
            return
        start += page - OVERLAP


def _runs(part: NDArray[np.int64]) -> Iterator[tuple[int, int, int, int]]:
    """Neighbours of one thread in a row: row, first column, how many, thread."""
    for r, row in enumerate(part.tolist()):
        first = 0
        for c in range(1, len(row) + 1):
            if c == len(row) or row[c] != row[first]:
                yield r, first, c - first, row[first]
                first = c


def _tint(colour: str) -> tuple[int, int, int]:
    """The colour so light that a black symbol is read on it."""
    red, green, blue = (round(255 - TINT * (255 - int(level))) for level in rgb(colour))
    return red, green, blue
