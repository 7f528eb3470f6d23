"""Kind `reflection`: a text, its lines counted as grading counts them, in the tab of what is written."""

from typing import Any

from markupsafe import Markup

from exercises.kinds import Reflection
from grading.checks.reflection import count_lines
from grading.checks.text_rules import touches
from lab.records import answers as answering
from lab.session.lab import Lab
from lab.ui.page import Page
from lab.ui.tabs.saving import SAVING, save
from manifests.answers import Answers


def parts(lab: Lab, page: Page, exercise: Reflection, known: Any) -> list["TextForm"]:
    """The form of the text; `known` holds the answers as the page shows them."""
    return [TextForm(lab, page, known, exercise)]


class TextForm:
    """The reflection: the text, how many lines it has, and which of its points are seen.

    `components` and `events` are as those of a subject.
    """

    def __init__(self, lab: Lab, page: Page, known: Any, exercise: Reflection) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        minimum, maximum = exercise.lines_minimum, exercise.lines_maximum
        self.text = gr.Textbox(
            label=page.t("evaluation.reflection"),
            info=page.t("evaluation.reflection_hint", minimum=minimum, maximum=maximum),
            lines=maximum,
            max_lines=2 * maximum,
            max_length=answering.REFLECTION_LENGTH,
            interactive=False,
            elem_id="reflection",
        )
        self.seen = gr.HTML(elem_id="reflection-seen")
        said = page.message("reflection-saved")
        self.components = [self.text, self.seen]
        saved = (self._save, [self.text, known], [said, self.seen])
        self.text.change(*saved, **SAVING)
        self.events = [self.text.blur(*saved, **SAVING)]  # the last change may still be on its way

    def offer(self) -> dict[Any, Any]:
        return {}

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk, into the components."""
        import gradio as gr

        text = answers.reflection
        return {self.text: gr.update(value=text, interactive=True), self.seen: self._seen(text)}

    def _save(self, text: str, shown: Answers | None) -> Any:
        return save(self.lab, self.page, answering.reflection(text), shown, lambda _: self._seen(text))

    def _seen(self, text: str) -> str:
        """Lines and points, as the grade will see them."""
        t, exercise = self.page.t, self.exercise
        count = count_lines(text)
        lines = t(
            "evaluation.lines" if count.exact else "evaluation.lines_between",
            number=count.typed,
            fewest=count.fewest,
            most=count.most,
            minimum=exercise.lines_minimum,
            maximum=exercise.lines_maximum,
        )
        points = [
            _point(self.page, topic.title(self.page.language), touches(text, topic))
            for topic in exercise.topics
        ]
        return Markup('<p class="lines">{}</p><ul class="checklist">{}</ul>').format(
            lines, Markup("").join(points)
        )


def _point(page: Page, title: str, seen: bool) -> Markup:
    return Markup(
        '<li class="{}"><span class="sign" aria-hidden="true">{}</span>'
        '<div>{} <span class="worth">{}</span></div></li>'
    ).format(
        "passed" if seen else "unknown",
        "✓" if seen else "?",
        title,
        page.t("evaluation.seen" if seen else "evaluation.unseen"),
    )
