"""A student's report as PDF: what the HTML page says, to print or to send to who has no lab.

Everything is set as plain text in a font that comes with the project (DejaVu Sans: Latin, Greek, Cyrillic and
common signs); a sign that it has not is a box, and the last line says so. No link, script or form is in it.
"""

import base64

from crafts.pages import BOX, GAP, LINE, MM, SMALL, Document
from exercises.i18n import labelled, translator
from exercises.i18n import points as as_points
from grading.reports.student import SYMBOLS, Picture, Report, Section, mark

ACROSS = 4  # pictures in a row


def student_pdf(report: Report) -> bytes:
    """The report's bytes. Raises MissingExtra."""
    return _Writer(report).report()


class _Writer(Document):
    def __init__(self, report: Report) -> None:
        super().__init__(report.language, f"{report.grade.student} – {report.assignment}")
        self._report, self._t = report, translator("grading", report.language)

    def report(self) -> bytes:
        report, grade, t = self._report, self._report.grade, self._t
        self.pdf.add_page()
        self.text(grade.student, 17, bold=True)
        self.text(report.assignment, grey=True)
        self.text(" – ".join(filter(None, (report.late, report.times))), grey=True)
        if grade.gradable:
            total = self._of(grade.total, grade.maximum)
            still = t("report.open", points=self._number(grade.open)) if grade.open else ""
            self.text(" · ".join(filter(None, (total, still))), 14, bold=True)
            self.text(grade.explained, grey=True)
        else:
            self.heading(t("report.missing" if grade.missing else "report.not_gradable"))
            for reason in grade.reasons:
                self.text(f"• {reason}")
        if grade.open:
            self.text(t("report.to_read", points=self._number(grade.open)), bold=True)
            self.text(t("report.to_read_why"))
        if grade.findings:
            self.heading(t("report.findings"))
            for finding in grade.findings:
                self.text(f"• {finding}")
        for section in report.sections:
            self._section(section)
        if self.boxes:
            self.space()
            self.text(t("report.boxes", box=BOX), SMALL, grey=True)
        return self.written()

    def _section(self, section: Section) -> None:
        t = self._t
        earned = self._of(section.points, section.maximum)
        still = t("report.open", points=self._number(section.open)) if section.open else ""
        self.heading(f"{section.title} – {' · '.join(filter(None, (earned, still)))}")
        self._pictures(section.pictures)
        for text in section.texts:
            self.text(text.title, bold=True)
            self.text(text.body or t("report.nothing_written"), indent=4, grey=not text.body)
        for remark in section.remarks:
            if remark.quote:
                self.text(f"“{remark.quote}”", indent=4, grey=True)
            if remark.picture:
                across, down = round(remark.x * 100), round(remark.y * 100)
                self.text(t("report.place", across=across, down=down), indent=4, grey=True)
            self.text(f"→ {remark.text}", indent=4, bold=True)
        for row in section.rows:
            marks = " · ".join(
                f"{SYMBOLS[mark(check)]} {t('rule.' + check.id.split('/')[2])}" for check in row.checks
            )
            earned = self._of(row.points, row.maximum)
            self.text(f"{row.name} – {earned}", bold=True)
            self.text(marks, SMALL, indent=4)
        for entry in section.entries:
            check = entry.check
            earned = self._of(check.points, check.maximum)
            given = f" ({t('report.by_person')})" if check.by_person else ""
            name = mark(check)
            self.text(f"{SYMBOLS[name]} {check.title}{given} – {earned} – {t(f'mark.{name}')}")
            for said in (*check.items, entry.reason):
                self.text(said, SMALL, indent=6)
            if check.cause is not None:
                self.text(check.cause.message, SMALL, indent=6, grey=True)
                for key, value in (("expected", check.cause.expected), ("actual", check.cause.actual)):
                    if value is not None:
                        self.text(labelled(t(f"report.{key}"), value, t.language), SMALL, indent=6, grey=True)
            if entry.blocked:
                blocked = t("report.blocked", rules=", ".join(entry.blocked))
                self.text(blocked, SMALL, indent=6, grey=True)

    def _pictures(self, pictures: tuple[Picture, ...]) -> None:
        """In rows, each with its caption."""
        pdf = self.pdf
        width = (pdf.epw - (ACROSS - 1) * GAP) / ACROSS
        for start in range(0, len(pictures), ACROSS):
            row = pictures[start : start + ACROSS]
            captions = [self.plain(each.caption)[:70] for each in row]
            height = width + 3 * SMALL * LINE * MM + 2
            if pdf.will_page_break(height):
                pdf.add_page()
            top = pdf.get_y() + 1
            for place, (each, caption) in enumerate(zip(row, captions, strict=True)):
                left = pdf.l_margin + place * (width + GAP)
                alt = self.plain(each.alt)[:500]
                if each.uri:
                    data = base64.b64decode(each.uri.partition(",")[2])
                    self.picture(data, (left, top, width, width), alt)
                else:
                    pdf.rect(left, top, width, width)
                    self.at(left + 2, top + 2, width - 4, alt[:120])
                self.at(left, top + width + 1, width, caption)
            pdf.set_xy(pdf.l_margin, top + height)

    def _of(self, points: float, maximum: float) -> str:
        said = self._t("report.of", points=self._number(points), maximum=self._number(maximum))
        return said.replace(" ", "\N{NO-BREAK SPACE}")

    def _number(self, points: float) -> str:
        return as_points(points, self._report.language)
