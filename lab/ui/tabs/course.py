"""Kind `course`: a subject's template, pictures with what was checked of each, and a quiz as text."""

from dataclasses import replace
from typing import Any

from markupsafe import Markup

from crafts.course import APPLICATION, MOST, TEMPLATES
from crafts.errors import CraftError
from crafts.pieces import Piece
from crafts.quiz_text import GAP, MAX_TEXT, read_quiz
from exercises.kinds import Course
from lab.session.lab import Lab
from lab.ui.error_text import error_text
from lab.ui.html import crafts, markup
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.crafted import CraftedTab
from manifests.store import Record

FIELDS = ("caption", "alt", "checked", "where")
LENGTH, TITLE = 400, 120  # characters, as the boxes take them


def build(lab: Lab, page: Page, exercise: Course) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        CourseTab(lab, page, exercise)


class CourseTab(CraftedTab):
    application = APPLICATION

    def build_form(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        self.template = gr.Radio(
            [(t(f"course.{each}"), each) for each in TEMPLATES],
            value=TEMPLATES[0],
            label=t("course.template"),
            elem_id=f"template-{name}",
        )
        self.ideas = gr.HTML(elem_id=f"ideas-{name}")
        title = gr.Textbox(
            label=t("course.title"), max_length=TITLE, elem_id=f"title-{name}", elem_classes="draft"
        )
        self.told, boxes = [], []
        for place in range(1, MOST + 1):
            with gr.Column(visible=False, elem_classes="frame") as told:
                for field in FIELDS:
                    boxes.append(
                        gr.Textbox(
                            label=t(f"course.{field}", number=place),
                            lines=1,
                            max_lines=3,
                            max_length=LENGTH,
                            elem_id=f"{field}-{place}-{name}",
                            elem_classes="draft",
                        )
                    )
            self.told.append(told)
        self.quiz = gr.Textbox(
            label=t("course.quiz"),
            info=t("course.quiz_hint"),
            lines=10,
            max_lines=24,
            max_length=MAX_TEXT,
            elem_id=f"quiz-{name}",
            elem_classes="draft program",
        )
        self.fill = gr.Button(t("course.fill"), size="sm", elem_id=f"fill-{name}")
        self.read = self.page.message(f"read-{name}")
        return [self.template, title, self.quiz, *boxes]

    def listen(self) -> None:
        self.pictures.change(self._fields, self.pictures, self.told, **QUIET)
        self.template.change(self._ideas, self.template, self.ideas, **QUIET)
        self.quiz.change(self._read, self.quiz, self.read, trigger_mode="always_last", **QUIET)
        self.fill.click(self._filled, [self.template, self.quiz], self.quiz, **QUIET)
        self.page.refresh(self._ideas, self.ideas, self.template)

    def _fields(self, chosen: Any) -> list[Any]:
        """Boxes for as many pictures as are chosen."""
        import gradio as gr

        count = len(chosen) if isinstance(chosen, list) else 0
        return [gr.update(visible=place < count) for place in range(MOST)]

    def _ideas(self, template: Any) -> Markup:
        """Prompts to begin with, and what of such pictures has to be checked."""
        name = template if template in TEMPLATES else TEMPLATES[0]
        lines = self.page.t(f"course.{name}_prompts").split("\n")
        listed = Markup("").join(Markup("<li><code>{}</code></li>").format(line) for line in lines)
        return Markup("<p>{}</p><ul>{}</ul><p>{}</p>").format(
            self.page.t("course.prompts"), listed, self.page.t(f"course.{name}_check")
        )

    def _read(self, text: Any) -> Markup | str:
        """How many questions there are, what is still to be filled in, or what to write otherwise."""
        if not str(text or "").strip():
            return ""
        try:
            questions = read_quiz(str(text))
        except CraftError as error:
            return markup.status(error_text(error, self.page.language), bad=True)
        open_ = sum(question.has_gap for question in questions)
        return markup.status(self.page.t("course.read", count=len(questions), open=open_, gap=GAP))

    def _filled(self, template: Any, text: Any) -> str:
        """The template's questions below what is written already."""
        name = template if template in TEMPLATES else TEMPLATES[0]
        written, stub = str(text or "").rstrip(), self.page.t(f"course.{name}_quiz")
        return stub if not written else written if stub in written else f"{written}\n\n{stub}"

    def settings(self, count: int, *values: Any) -> dict[str, Any]:
        template, title, quiz, *texts = (str(value or "") for value in values)
        size = len(FIELDS)
        groups = [texts[at : at + size] for at in range(0, len(texts), size)]
        pictures = [dict(zip(FIELDS, group, strict=True)) for group in groups]
        return {"template": template, "title": title, "quiz": quiz, "pictures": pictures[:count]}

    def values(self, settings: dict[str, Any]) -> list[Any]:
        told = [*settings.get("pictures", ())][:MOST]
        told += [dict.fromkeys(FIELDS, "")] * (MOST - len(told))
        texts = [each.get(field, "") for each in told for field in FIELDS]
        return [
            settings.get("template", TEMPLATES[0]),
            settings.get("title", ""),
            settings.get("quiz", ""),
            *texts,
        ]

    def shown(self, piece: Piece, record: Record, place: int) -> Shown:
        """A picture with its own caption and alternative text."""
        told: Any = piece.settings["pictures"]
        each = told[place] if place < len(told) else dict.fromkeys(FIELDS, "")
        shown = super().shown(piece, record, place)
        return replace(shown, label=f"{place + 1}. {each['caption']}", alt=each["alt"] or shown.alt)

    def figures(self, piece: Piece) -> Markup:
        t = self.page.t
        found: Any = piece.figures
        words = t(
            "course.counts",
            pictures=found["pictures"],
            checked=found["checked"],
            questions=len(found["questions"]),
        )
        table = crafts.declared(t, piece.settings["pictures"])
        return markup.note(words) + table + markup.hint(t("course.cannot"))
