"""A student's report as PDF: what the HTML page says, to print or to send to who has no lab.

Everything is set as plain text in a font that comes with the project (DejaVu Sans: Latin, Greek, Cyrillic and
common signs); a sign that it has not is a box, and the last line says so. No link, script or form is in it.
"""

import base64
import io
import unicodedata
from importlib.resources import files
from typing import TYPE_CHECKING

from exercises.errors import MissingExtra
from exercises.i18n import points as as_points
from exercises.i18n import translator
from grading.reports.student import SYMBOLS, Picture, Report, Section, mark

if TYPE_CHECKING:
    pass

FONT = "DejaVu"
FONTS = {"": "DejaVuSans-subset.ttf", "B": "DejaVuSans-Bold-subset.ttf"}
MARGIN, GAP = 18.0, 4.0  # mm
ACROSS = 4  # pictures in a row
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


def student_pdf(report: Report) -> bytes:
    """The report's bytes. Raises MissingExtra."""
    require_pdf()
    return _Writer(report).written()


class _Writer:
    def __init__(self, report: Report) -> None:
        from fpdf import FPDF

        class Pages(FPDF):
            def footer(self) -> None:
                self.set_y(-12)
                self.set_font(FONT, size=SMALL)
                self.set_text_color(GREY)
                self.cell(0, 5, f"{self.page_no()}", align="C")

        self._report, self._t = report, translator("grading", report.language)
        self._boxes = False  # whether one was needed
        self._pdf: FPDF = Pages(format="A4")
        self._pdf.set_margin(MARGIN)
        self._pdf.set_auto_page_break(True, MARGIN)
        for style, name in FONTS.items():
            self._pdf.add_font(FONT, style, str(files("grading.reports").joinpath("fonts", name)))
        self._signs = frozenset(self._pdf.fonts[FONT.lower()].cmap)  # type: ignore[union-attr]
        self._pdf.set_lang(report.language)
        self._pdf.set_title(self._plain(f"{report.grade.student} – {report.assignment}"))

    def written(self) -> bytes:
        report, grade, t = self._report, self._report.grade, self._t
        self._pdf.add_page()
        self._text(grade.student, 17, bold=True)
        self._text(report.assignment, grey=True)
        self._text(" – ".join(filter(None, (report.late, report.times))), grey=True)
        if grade.gradable:
            total = self._of(grade.total, grade.maximum)
            still = t("report.open", points=self._number(grade.open)) if grade.open else ""
            self._text(" · ".join(filter(None, (total, still))), 14, bold=True)
            self._text(grade.explained, grey=True)
        else:
            self._heading(t("report.missing" if grade.missing else "report.not_gradable"))
            for reason in grade.reasons:
                self._text(f"• {reason}")
        if grade.open:
            self._text(t("report.to_read", points=self._number(grade.open)), bold=True)
            self._text(t("report.to_read_why"))
        if grade.findings:
            self._heading(t("report.findings"))
            for finding in grade.findings:
                self._text(f"• {finding}")
        for section in report.sections:
            self._section(section)
        if self._boxes:
            self._space()
            self._text(t("report.boxes", box=BOX), SMALL, grey=True)
        return bytes(self._pdf.output())

    def _section(self, section: Section) -> None:
        t = self._t
        earned = self._of(section.points, section.maximum)
        still = t("report.open", points=self._number(section.open)) if section.open else ""
        self._heading(f"{section.title} – {' · '.join(filter(None, (earned, still)))}")
        self._pictures(section.pictures)
        for text in section.texts:
            self._text(text.title, bold=True)
            self._text(text.body or t("report.nothing_written"), indent=4, grey=not text.body)
        for remark in section.remarks:
            if remark.quote:
                self._text(f"“{remark.quote}”", indent=4, grey=True)
            if remark.picture:
                across, down = round(remark.x * 100), round(remark.y * 100)
                self._text(t("report.place", across=across, down=down), indent=4, grey=True)
            self._text(f"→ {remark.text}", indent=4, bold=True)
        for row in section.rows:
            marks = " · ".join(
                f"{SYMBOLS[mark(check)]} {t('rule.' + check.id.split('/')[2])}" for check in row.checks
            )
            earned = self._of(row.points, row.maximum)
            self._text(f"{row.name} – {earned}", bold=True)
            self._text(marks, SMALL, indent=4)
        for entry in section.entries:
            check = entry.check
            earned = self._of(check.points, check.maximum)
            given = f" ({t('report.by_person')})" if check.by_person else ""
            name = mark(check)
            self._text(f"{SYMBOLS[name]} {check.title}{given} – {earned} – {t(f'mark.{name}')}")
            for said in (*check.items, entry.reason):
                self._text(said, SMALL, indent=6)
            if check.cause is not None:
                self._text(check.cause.message, SMALL, indent=6, grey=True)
                for key, value in (("expected", check.cause.expected), ("actual", check.cause.actual)):
                    if value is not None:
                        self._text(f"{t(f'report.{key}')}: {value}", SMALL, indent=6, grey=True)
            if entry.blocked:
                blocked = t("report.blocked", rules=", ".join(entry.blocked))
                self._text(blocked, SMALL, indent=6, grey=True)

    def _pictures(self, pictures: tuple[Picture, ...]) -> None:
        """In rows, each with its caption."""
        pdf = self._pdf
        width = (pdf.epw - (ACROSS - 1) * GAP) / ACROSS
        for start in range(0, len(pictures), ACROSS):
            row = pictures[start : start + ACROSS]
            captions = [self._plain(each.caption)[:70] for each in row]
            height = width + 3 * SMALL * LINE * MM + 2
            if pdf.will_page_break(height):
                pdf.add_page()
            top = pdf.get_y() + 1
            for place, (each, caption) in enumerate(zip(row, captions, strict=True)):
                left = pdf.l_margin + place * (width + GAP)
                alt = self._plain(each.alt)[:500]
                if each.uri:
                    data = io.BytesIO(base64.b64decode(each.uri.partition(",")[2]))
                    pdf.image(data, left, top, width, width, keep_aspect_ratio=True, alt_text=alt)
                else:
                    pdf.rect(left, top, width, width)
                    self._at(left + 2, top + 2, width - 4, alt[:120])
                self._at(left, top + width + 1, width, caption)
            pdf.set_xy(pdf.l_margin, top + height)

    def _at(self, left: float, top: float, width: float, text: str) -> None:
        self._pdf.set_xy(left, top)
        self._pdf.set_font(FONT, size=SMALL)
        self._pdf.set_text_color(BLACK)
        self._pdf.multi_cell(width, SMALL * LINE * MM, text, align="L", max_line_height=SMALL * LINE * MM)

    def _heading(self, text: str) -> None:
        self._space()
        if self._pdf.will_page_break(25):  # none stands alone at the end of a page
            self._pdf.add_page()
        self._text(text, 12, bold=True)

    def _space(self) -> None:
        self._pdf.ln(3)

    def _text(
        self,
        text: str,
        size: float = SIZE,
        *,
        bold: bool = False,
        grey: bool = False,
        indent: float = 0,
    ) -> None:
        """A paragraph, or several; nothing where there is no text."""
        if not text:
            return
        pdf = self._pdf
        pdf.set_font(FONT, "B" if bold else "", size)
        pdf.set_text_color(GREY if grey else BLACK)
        pdf.set_x(pdf.l_margin + indent)
        pdf.multi_cell(
            pdf.epw - indent,
            size * LINE * MM,
            self._plain(text),
            align="L",
            new_x="LMARGIN",
            new_y="NEXT",
        )
        pdf.ln(0.8)

    def _of(self, points: float, maximum: float) -> str:
        said = self._t("report.of", points=self._number(points), maximum=self._number(maximum))
        return said.replace(" ", "\N{NO-BREAK SPACE}")

    def _number(self, points: float) -> str:
        return as_points(points, self._report.language)

    def _plain(self, text: str) -> str:
        """What the font can show of a text: composed, without control signs, boxes for the rest."""
        kept = []
        for sign in unicodedata.normalize("NFC", text).expandtabs(4):
            if sign == "\n" or ord(sign) in self._signs:
                kept.append(sign)
            elif unicodedata.category(sign) not in ("Cc", "Cf", "Mn"):
                kept.append(BOX)
                self._boxes = True
        return "".join(kept)
