"""Correct: a statement of a model's answer, what is true instead, and how it was noticed.

The statement is chosen from the answer, never typed, so that it stands there word for word. The answer
stays as it was; the correction is an entry of its own after it.
"""

import re
from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.kinds import Correct
from grading.checks.alt_text_rules import count_words
from lab.jobs.analyse import AnalysisError
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.error_text import error_text
from lab.ui.html import answers as answer_markup
from lab.ui.html import markup
from lab.ui.page import QUIET, Page
from lab.ui.tabs.asking import shown
from manifests.analysis import MAX_WORDS, Analysis, Correction, Note

LENGTH = 1000  # characters, as the page's boxes take them
_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?]*")


def build(lab: Lab, page: Page, exercise: Correct) -> None:
    with page.exercise_tab(exercise):
        page.instructions(exercise)
        _Tab(lab, page, exercise)


class _Tab:
    def __init__(self, lab: Lab, page: Page, exercise: Correct) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        with gr.Row():
            with gr.Column(min_width=300):
                self.about = choice(label=t("correct.about"), elem_id=f"about-{name}")
                self.claim = choice(
                    label=t("correct.claim"), info=t("correct.claim_hint"), elem_id=f"claim-{name}"
                )
                self.truth = gr.Textbox(
                    label=t("correct.truth"),
                    lines=2,
                    max_length=LENGTH,
                    elem_classes="draft",
                    elem_id=f"truth-{name}",
                )
                self.noticed = gr.Textbox(
                    label=t("correct.noticed"),
                    info=t("correct.noticed_hint", words=exercise.words_minimum),
                    lines=3,
                    max_length=LENGTH,
                    elem_classes="draft",
                    elem_id=f"noticed-{name}",
                )
                save = gr.Button(t("correct.save"), variant="primary", elem_id=f"save-{name}")
                said = page.message(f"status-{name}")
            with gr.Column(min_width=300):
                self.picture = gr.Image(
                    label=t("correct.picture"),
                    interactive=False,
                    visible=False,
                    buttons=["fullscreen"],
                    elem_id=f"picture-{name}",
                    elem_classes="picture",
                )
                self.answer = gr.HTML(elem_id=f"answer-{name}")
        written = gr.HTML(elem_id=f"written-{name}")
        checks = gr.HTML(elem_id=f"checks-{name}")
        outputs = [self.about, self.claim, self.picture, self.answer]
        page.refresh(self._offer, outputs, [self.about, self.claim])
        page.refresh(lambda: (self._written(), page.checklist(name)), [written, checks])
        self.about.input(self._choose, [self.about, self.claim], outputs[1:], **QUIET)
        boxes = [self.about, self.claim, self.truth, self.noticed]
        page.changed(save.click(self._save, boxes, [said, self.truth, self.noticed], **QUIET))

    def _offer(self, number: int | None, claim: str | None) -> list[Any]:
        import gradio as gr

        answers = [e for e in reversed(self.lab.notebook().entries()) if isinstance(e, Analysis)]
        numbers = [answer.sequence for answer in answers]
        value = number if number in numbers else next(iter(numbers), None)
        choices = [(self._name(answer), answer.sequence) for answer in answers]
        return [gr.update(choices=choices, value=value), *self._choose(value, claim)]

    def _choose(self, number: int | None, claim: str | None) -> list[Any]:
        """The statements of the chosen answer, its picture, and the answer itself."""
        import gradio as gr

        answer = self.lab.notebook().find(number)
        if answer is None:
            nothing = markup.hint(self.page.t("correct.nothing_yet"))
            return [gr.update(choices=[], value=None), gr.update(value=None, visible=False), nothing]
        found = statements(answer)
        value = claim if claim in found else None
        return [
            gr.update(choices=[(each, each) for each in found], value=value),
            self._picture(answer),
            answer_markup.article(self.page.t, answer),
        ]

    def _picture(self, answer: Analysis) -> Any:
        import gradio as gr

        image = answer.asked.images[0]
        record = self.lab.own_pictures().get(f"{image.assignment}/{image.stem}")
        if record is None:
            return gr.update(value=None, visible=False)
        alt = self.page.t("correct.picture_alt", stem=record.stem)
        return gr.update(value=shown(self.lab, record), visible=True, alt_text=alt)

    def _save(self, number: int | None, claim: str | None, truth: str, noticed: str) -> list[Any]:
        import gradio as gr

        t = self.page.t
        try:
            self._check(number, claim, truth, noticed)
            said = Correction(
                about=number or 0,
                claim=(claim or "")[:MAX_WORDS],
                truth=truth.strip()[:LENGTH],
                noticed=noticed.strip()[:LENGTH],
            )
            entry = self.lab.notebook().write(self.exercise.id, said)
        except UserError as error:
            return [markup.status(error_text(error, self.page.language), bad=True), gr.skip(), gr.skip()]
        return [markup.status(t("correct.saved", number=entry.sequence)), "", ""]

    def _check(self, number: int | None, claim: str | None, truth: str, noticed: str) -> None:
        """Raises AnalysisError for what is still missing."""
        answer = self.lab.notebook().find(number)
        if answer is None or claim not in statements(answer):
            raise AnalysisError("correct.no_claim")
        if not truth.strip():
            raise AnalysisError("correct.no_truth")
        if count_words(noticed) < self.exercise.words_minimum:
            raise AnalysisError("correct.short", words=self.exercise.words_minimum)

    def _written(self) -> str:
        """The corrections so far, the newest first, each under the answer it is about."""
        t = self.page.t
        entries = self.lab.notebook().entries()
        rows = [
            (
                t("correct.row", number=e.sequence, about=e.said.about),
                e.said.claim,
                e.said.truth,
                e.said.noticed,
            )
            for e in reversed(entries)
            if isinstance(e, Note) and isinstance(e.said, Correction)
        ]
        if not rows:
            return ""
        header = [t(f"correct.column_{name}") for name in ("number", "claim", "truth", "noticed")]
        return Markup('<div class="stacking">{}</div>').format(
            markup.table(header, rows, t("correct.written"))
        )

    def _name(self, answer: Analysis) -> str:
        stems = ", ".join(image.stem for image in answer.asked.images)
        task = self.page.t(f"task.{answer.asked.task}")
        return self.page.t("analyse.entry", number=answer.sequence, task=task, picture=stems)


def statements(answer: Analysis) -> list[str]:
    """The sentences of an answer, each once, in their order."""
    found = (
        sentence.strip()
        for text in answer.answered.statements()
        for sentence in _SENTENCE.findall(text)
        if any(c.isalnum() for c in sentence)
    )
    return list(dict.fromkeys(found))
