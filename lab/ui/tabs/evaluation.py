"""Kind `evaluation`: pictures scored with reasons, in the tab of what is written (`written.py`)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from markupsafe import Markup

from exercises.kinds import Evaluation
from exercises.kinds.parts import Subject
from lab.records import answers as answering
from lab.records import gallery
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import picture as facts
from lab.ui.page import QUIET, Page
from lab.ui.tabs.saving import SAVING, save
from manifests.answers import Answers, SubjectAnswer


def parts(lab: Lab, page: Page, exercise: Evaluation, known: Any) -> list["SubjectForm"]:
    """A form for each picture to evaluate; `known` holds the answers as the page shows them."""
    return [
        SubjectForm(lab, page, known, exercise, subject, n) for n, subject in enumerate(exercise.subjects, 1)
    ]


class SubjectForm:
    """One picture to evaluate: which, large, with its parameters; the scores, their total, the reasons.

    `components` are what `fill` and `offer` give values to; after one of `events` the points may
    have changed. Nothing takes input before it has been filled.
    """

    def __init__(
        self, lab: Lab, page: Page, known: Any, exercise: Evaluation, subject: Subject, number: int
    ) -> None:
        import gradio as gr

        self.lab, self.page, self.known, self.exercise, self.subject = lab, page, known, exercise, subject
        t, language = page.t, page.language
        name = f"evaluation-{subject.id}"
        with gr.Column(elem_id=name, elem_classes="subject"):
            gr.Markdown(f"### {number}. {subject.title(language)}")
            with gr.Row(equal_height=False):
                with gr.Column(min_width=280, elem_classes="seen"):
                    self.first = gr.HTML()
                    self.image = choice(
                        label=t("evaluation.image"),
                        info=t("evaluation.image_hint"),
                        interactive=False,
                        elem_id=f"{name}-image",
                    )
                    self.picture = gr.Image(
                        type="filepath",
                        interactive=False,
                        show_label=False,
                        buttons=["fullscreen"],
                        elem_classes="picture",
                        visible=False,
                    )
                    self.parameters = gr.HTML()
                with gr.Column(min_width=280):
                    self.scores = [
                        gr.Radio(
                            list(answering.SCORES),
                            label=criterion.title(language),
                            info=criterion.hint(language),
                            interactive=False,
                            elem_id=f"{name}-{criterion.id}",
                        )
                        for criterion in exercise.criteria
                    ]
                    self.total = gr.HTML(elem_id=f"{name}-total")
                    self.reasons = [
                        gr.Textbox(
                            label=self._reason_label(index),
                            max_length=answering.REASON_LENGTH,
                            lines=2,
                            interactive=False,
                            elem_id=f"{name}-reason{index + 1}",
                        )
                        for index in range(exercise.reasons_maximum)
                    ]
                    self.said = page.message(f"{name}-saved")
        self.components = [self.first, self.image, *self.scores, self.total, *self.reasons]
        self.events = self._listen()

    def offer(self) -> dict[Any, Any]:
        """The pictures there are to choose from now."""
        import gradio as gr

        records = self._candidates()
        return {
            self.first: "" if records else self.page.make_first(self.subject.one_of),
            self.image: gr.update(choices=[(gallery.caption(record, 40), record.stem) for record in records]),
        }

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk, into the components."""
        import gradio as gr

        answer = answers.evaluations.get(self.subject.id) or SubjectAnswer()
        records = self._candidates()
        image = answer.image if answer.image in [record.stem for record in records] else None
        offered = self.offer()
        scores = [answering.valid_score(answer.scores.get(c.id)) for c in self.exercise.criteria]
        reasons = [*answer.reasons, *[""] * len(self.reasons)]
        values = [*zip(self.scores, scores, strict=True), *zip(self.reasons, reasons, strict=False)]
        return {
            **offered,
            self.image: offered[self.image] | {"value": image, "interactive": True},
            self.total: self._total(answers),
            **{component: gr.update(value=value, interactive=True) for component, value in values},
        }

    def _listen(self) -> list[Any]:
        self.image.change(self._show, self.image, [self.picture, self.parameters], **QUIET)
        subject = self.subject.id

        def listen(component: Any, event: Any, change: Callable[[Any], answering.Change]) -> Any:
            def run(value: Any, shown: Answers | None) -> Any:
                return save(self.lab, self.page, change(value), shown, self._total)

            return event(run, [component, self.known], [self.said, self.total], **SAVING)

        events = [listen(self.image, self.image.input, self._choose)]
        for radio, criterion in zip(self.scores, self.exercise.criteria, strict=True):
            events.append(listen(radio, radio.input, partial(answering.score, subject, criterion.id)))
        for index, box in enumerate(self.reasons):
            change = partial(answering.set_reason, subject, index)
            listen(box, box.change, change)
            events.append(listen(box, box.blur, change))  # the last change may still be on its way
        return events

    def _candidates(self) -> list[gallery.Record]:
        return answering.candidates(self.lab.store().records(), self.subject)

    def _choose(self, stem: str | None) -> answering.Change:
        """Only a picture that is there can be chosen."""
        there = stem in [record.stem for record in self._candidates()]
        return answering.image(self.subject.id, stem if there else None)

    def _show(self, stem: str | None) -> tuple[Any, str]:
        import gradio as gr

        record = self.lab.store().find(stem) if stem else None
        if record is None:
            return gr.Image(None, visible=False), ""
        t, manifest = self.page.t, record.manifest
        picture = gr.Image(str(record.image_path), visible=True, alt_text=facts.alt_text(t, manifest))
        return picture, facts.made(t, manifest)

    def _total(self, answers: Answers) -> str:
        t, criteria = self.page.t, self.exercise.criteria
        points, given = answering.total(answers.evaluations.get(self.subject.id), criteria)
        maximum = max(answering.SCORES) * len(criteria)
        key = "evaluation.total" if given == len(criteria) else "evaluation.total_so_far"
        words = t(key, total=points, maximum=maximum, given=given, criteria=len(criteria))
        return Markup('<p class="total">{}</p>').format(words)

    def _reason_label(self, index: int) -> str:
        key = "reason" if index < self.exercise.reasons_minimum else "reason_optional"
        return self.page.t(f"evaluation.{key}", number=index + 1)
