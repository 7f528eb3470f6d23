"""Pages as PDF: text, pictures with alternative texts, page numbers.

Everything is set as plain text in a font that comes with the project (DejaVu Sans: Latin, Greek, Cyrillic and
common signs); a sign that it has not is a box. No link, script or form is ever in it.
"""

import io
import unicodedata
from importlib.resources import files
from typing import Any

from PIL import Image

from exercises.errors import MissingExtra
from exercises.i18n import Language

FONT = "DejaVu"
FONTS = {"": "DejaVuSans-subset.ttf", "B": "DejaVuSans-Bold-subset.ttf"}
MARGIN, GAP = 18.0, 4.0  # mm
SIZE, SMALL, LINE = 9.5, 8.0, 1.35  # points, points, and the height of a line in sizes
BOX = "\N{WHITE VERTICAL RECTANGLE}"
GREY, BLACK = 90, 0
MM = 25.4 / 72  # of a point


def require_pdf() -> None:
    """Raises MissingExtra where the library is not installed."""
    try:
        import fpdf  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra("pdf", error.name or "fpdf") from error


class Document:
    """A document on A4, one page after the other; `boxes` says whether a sign was missing in the font."""

    def __init__(
        self, language: Language, title: str, *, landscape: bool = False, margin: float = MARGIN
    ) -> None:
        """Raises MissingExtra."""
        require_pdf()
        from fpdf import FPDF

        class Pages(FPDF):
            def footer(self) -> None:
                self.set_y(-12)
                self.set_font(FONT, size=SMALL)
                self.set_text_color(GREY)
                self.cell(0, 5, f"{self.page_no()}", align="C")

        self.boxes = False
        self.pdf: FPDF = Pages(orientation="landscape" if landscape else "portrait", format="A4")
        self.pdf.set_margin(margin)
        self.pdf.set_auto_page_break(True, MARGIN)
        for style, name in FONTS.items():
            self.pdf.add_font(FONT, style, str(files("crafts").joinpath("fonts", name)))
        self._signs = frozenset(self.pdf.fonts[FONT.lower()].cmap)  # type: ignore[union-attr]
        self.pdf.set_lang(language)
        self.pdf.set_title(self.plain(title))

    def written(self) -> bytes:
        """The document's bytes."""
        return bytes(self.pdf.output())

    def text(
        self, text: str, size: float = SIZE, *, bold: bool = False, grey: bool = False, indent: float = 0
    ) -> None:
        """A paragraph, or several; nothing where there is no text."""
        if not text:
            return
        pdf = self.pdf
        self.font(size, bold=bold, grey=grey)
        pdf.set_x(pdf.l_margin + indent)
        pdf.multi_cell(
            pdf.epw - indent, size * LINE * MM, self.plain(text), align="L", new_x="LMARGIN", new_y="NEXT"
        )
        pdf.ln(0.8)

    def heading(self, text: str) -> None:
        self.space()
        if self.pdf.will_page_break(25):  # none stands alone at the end of a page
            self.pdf.add_page()
        self.text(text, 12, bold=True)

    def space(self) -> None:
        self.pdf.ln(3)

    def font(self, size: float, *, bold: bool = False, grey: bool = False) -> None:
        """What follows is set in this size."""
        self.pdf.set_font(FONT, "B" if bold else "", size)
        self.pdf.set_text_color(GREY if grey else BLACK)

    def at(self, left: float, top: float, width: float, text: str, size: float = SMALL) -> float:
        """A paragraph at this place, as wide; gives where it ends."""
        self.pdf.set_xy(left, top)
        self.font(size)
        height = size * LINE * MM
        self.pdf.multi_cell(width, height, self.plain(text), align="L", max_line_height=height)
        return self.pdf.get_y() + height

    def picture(self, data: bytes | Image.Image, box: tuple[float, float, float, float], alt: str) -> None:
        """A picture within left, top, width and height, with its alternative text."""
        left, top, width, height = box
        shown: Any = data if isinstance(data, Image.Image) else io.BytesIO(data)
        self.pdf.image(
            shown, left, top, width, height, keep_aspect_ratio=True, alt_text=self.plain(alt)[:500]
        )

    def table(self, header: list[str], rows: list[list[str]], widths: tuple[int, ...]) -> None:
        """A table of text, one paragraph a cell, its header again on each page."""
        self.font(SMALL)
        with self.pdf.table(
            col_widths=widths, line_height=SMALL * LINE * MM, text_align="LEFT", padding=0.6
        ) as table:
            for cells in (header, *rows):
                table.row([" ".join(self.plain(cell).split()) for cell in cells])
        self.pdf.ln(1.5)  # what follows does not touch the frame

    def plain(self, text: str) -> str:
        """What the font can show of a text: composed, without control signs, boxes for the rest."""
        kept = []
        for sign in unicodedata.normalize("NFC", text).expandtabs(4):
            if sign == "\n" or ord(sign) in self._signs:
                kept.append(sign)
            elif unicodedata.category(sign) not in ("Cc", "Cf", "Mn"):
                kept.append(BOX)
                self.boxes = True
        return "".join(kept)
