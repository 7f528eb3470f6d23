"""A lesson of one's own subject: pictures with what was checked of each, and a quiz.

What is true, no model knows: so a person says of each picture what they checked, and where. Whether that is
so, the program cannot see; it keeps the declaration beside the picture, on every page.
"""

from hashlib import sha256
from typing import Annotated, Literal

from PIL import Image
from pydantic import Field, StringConstraints, field_validator

from crafts.application import Application, Figures, Pictures, Settings
from crafts.pages import GAP, Document
from crafts.quiz_exports import assignment_zip, moodle_xml
from crafts.quiz_text import MAX_TEXT, Question, read_quiz
from exercises.i18n import Language, translator

Template = Literal["sciences", "history", "literature", "mathematics"]
TEMPLATES: tuple[Template, ...] = ("sciences", "history", "literature", "mathematics")
LEAST, MOST = 2, 6

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]


class Told(Settings):
    """A picture's texts; `checked`: what somebody made sure of, `where`: in which source."""

    caption: Words = ""
    alt: Words = ""
    checked: Words = ""
    where: Words = ""


class CourseSettings(Settings):
    """The pictures' texts are in their order; the quiz is as `crafts.quiz_text` reads it."""

    template: Template
    title: Title
    pictures: tuple[Told, ...] = Field(default=(), max_length=MOST)
    quiz: Annotated[str, StringConstraints(max_length=MAX_TEXT)] = ""

    @field_validator("title")
    @classmethod
    def _printable(cls, value: str) -> str:
        """Without signs that nobody sees, which XML may not hold."""
        return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split()) or "–"


def figures(settings: CourseSettings, pictures: Pictures) -> Figures:
    """What the quiz is, and the hash of it as Moodle gets it. Raises CraftError."""
    questions = read_quiz(settings.quiz)
    return {
        "pictures": len(pictures),
        "checked": sum(bool(told.checked and told.where) for told in settings.pictures[: len(pictures)]),
        "questions": [
            {"text": q.text, "choices": len(q.choices), "why": bool(q.why), "gap": q.has_gap}
            for q in questions
        ],
        "xml_sha256": sha256(moodle_xml(settings.title, questions)).hexdigest(),
    }


def files(
    settings: CourseSettings, pictures: Pictures, found: Figures, language: Language
) -> dict[str, bytes]:
    """The lesson as pages, the quiz for Moodle, and as an assignment of the lab."""
    questions = read_quiz(settings.quiz)
    return {
        ".pdf": _Pages(settings, pictures, questions, language).document(),
        ".xml": moodle_xml(settings.title, questions),
        ".zip": assignment_zip(settings.title, questions),
    }


class _Pages(Document):
    def __init__(
        self, settings: CourseSettings, pictures: Pictures, questions: list[Question], language: Language
    ) -> None:
        self.t = translator("crafts", language)
        super().__init__(language, settings.title)
        self.settings, self.pictures, self.questions = settings, pictures, questions

    def document(self) -> bytes:
        """The pictures with their texts, then the questions, then on a page of its own what is right."""
        t, pdf = self.t, self.pdf
        pdf.add_page()
        self.text(self.settings.title, 17, bold=True)
        self.text(t(f"course.{self.settings.template}"), grey=True)
        told = [*self.settings.pictures, *(Told() for _ in self.pictures)]
        for number, (picture, each) in enumerate(zip(self.pictures, told, strict=False), 1):
            self._picture(number, picture, each)
        self.heading(t("course.quiz"))
        for number, question in enumerate(self.questions, 1):
            if pdf.will_page_break(8 + 6 * len(question.choices)):
                pdf.add_page()
            self.text(f"{number}. {question.text}", bold=True)
            for letter, choice in zip("abcdef", sorted(question.choices), strict=False):
                self.text(f"{letter}) {choice}", indent=5)
        pdf.add_page()
        self.heading(t("course.answers"))
        for number, question in enumerate(self.questions, 1):
            self.text(f"{number}. {question.choices[0]}" + (f" – {question.why}" if question.why else ""))
        return self.written()

    def _picture(self, number: int, picture: Image.Image, told: Told) -> None:
        pdf, t = self.pdf, self.t
        side = 62.0
        if pdf.will_page_break(side + 8):
            pdf.add_page()
        top, left = pdf.get_y() + 2, pdf.l_margin + side + GAP
        alt = told.alt or t("course.picture", number=number)
        self.picture(picture, (pdf.l_margin, top, side, side), alt)
        width = pdf.epw - side - GAP
        below = self.at(left, top, width, f"{number}. {told.caption}", 10)
        below = self.at(left, below, width, t("course.checked", checked=told.checked or "–"))
        below = self.at(left, below, width, t("course.where", where=told.where or "–"))
        below = self.at(left, below, width, t("course.generated"))
        pdf.set_y(max(below, top + side + 2))


APPLICATION = Application(
    "course", CourseSettings, figures, files, (".pdf", ".xml", ".zip"), least=LEAST, most=MOST
)
