"""Evaluation and reflection: pictures scored with reasons; a text, its lines counted as grading counts them.

Every change is saved at once, by itself (`lab.answering`); showing the tab reads everything from disk.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from filelock import Timeout
from markupsafe import Markup

from exercises.assignment import Evaluation, Reflection, Subject
from exercises.errors import UserError
from grading.checks.reflection import count_lines, touches
from lab import answering, browse, facts, markup
from lab.choice import choice
from lab.context import Lab
from lab.page import QUIET, Page
from lab.wording import reason
from manifests.answers import Answers, SubjectAnswer, load_answers
from manifests.errors import AnswersError

log = logging.getLogger(__name__)

Fill = Callable[[Answers], dict[Any, Any]]


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t
    written = [e for e in lab.assignment.exercises if isinstance(e, Evaluation | Reflection)]
    if not written:
        return
    fills: list[Fill] = []
    components: list[Any] = []

    with page.tab("evaluation", t("evaluation.title")):
        trouble = page.message("evaluation-trouble")
        judged: list[Any] = []  # events after which the points may have changed
        for exercise in written:
            page.text(exercise)
            if isinstance(exercise, Evaluation):
                for number, subject in enumerate(exercise.subjects, 1):
                    part = _Subject(lab, page, exercise, subject, number)
                    fills.append(part.fill)
                    components += part.components
                    judged += part.events
            else:
                written_text = _Text(lab, page, exercise)
                fills.append(written_text.fill)
                components += written_text.components
                judged += written_text.events
        checklist = gr.HTML(elem_id="evaluation-checklist")

        def checks() -> str:
            ids = {exercise.id for exercise in written}
            own = [check for check in lab.checks(page.language) if check.id.split("/")[0] in ids]
            return markup.heading(t("evaluation.checks")) + markup.checklist(t, own)

        def fill() -> dict[Any, Any]:
            said = ""
            try:
                answers = load_answers(lab.folder)
            except AnswersError as error:
                answers = Answers()
                said = markup.status(
                    t("evaluation.unreadable", reason=error.in_language(page.language)), bad=True
                )
            updates = {trouble: said}
            for part_fill in fills:
                updates |= part_fill(answers)
            return updates

        page.refresh(fill, [trouble, *components])
        page.refresh(checks, checklist)
        for event in judged:
            event.then(page.header, None, page.points, **QUIET)
            event.then(checks, None, checklist, **QUIET)


class _Subject:
    """One picture to evaluate: which, large, with its parameters; the scores, their total, the reasons."""

    def __init__(self, lab: Lab, page: Page, exercise: Evaluation, subject: Subject, number: int) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise, self.subject = lab, page, exercise, subject
        t, language = page.t, page.language
        name = f"evaluation-{subject.id}"
        with gr.Column(elem_id=name, elem_classes="subject"):
            gr.Markdown(f"### {number}. {subject.title(language)}")
            with gr.Row(equal_height=False):
                with gr.Column(min_width=280, elem_classes="seen"):
                    self.image = choice(
                        label=t("evaluation.image"), info=t("evaluation.image_hint"), elem_id=f"{name}-image"
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
                            elem_id=f"{name}-reason{index + 1}",
                        )
                        for index in range(exercise.reasons_maximum)
                    ]
                    self.said = page.message(f"{name}-saved")
        self.components = [self.image, *self.scores, self.total, *self.reasons]
        self.events = self._listen()

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk, into the components."""
        import gradio as gr

        answer = answers.evaluations.get(self.subject.id) or SubjectAnswer()
        records = answering.candidates(self.lab.store().records(), self.subject)
        stems = [record.stem for record in records]
        reasons = [*answer.reasons, *[""] * len(self.reasons)]
        return {
            self.image: gr.Dropdown(
                [(browse.caption(r, 40), r.stem) for r in records],
                value=answer.image if answer.image in stems else None,
            ),
            **{
                radio: answering.valid_score(answer.scores.get(criterion.id))
                for radio, criterion in zip(self.scores, self.exercise.criteria, strict=True)
            },
            self.total: self._total(answers),
            **dict(zip(self.reasons, reasons, strict=False)),
        }

    def _listen(self) -> list[Any]:
        lab, page, subject = self.lab, self.page, self.subject.id
        self.image.change(self._show, self.image, [self.picture, self.parameters], **QUIET)

        def saver(change: Callable[[Any], answering.Change]) -> Callable[[Any], tuple[str, str]]:
            def run(value: Any) -> tuple[str, str]:
                said, answers = save(lab, page, change(value))
                return said, self._total(answers)

            return run

        def listen(component: Any, change: Callable[[Any], answering.Change]) -> Any:
            return component.input(
                saver(change), component, [self.said, self.total], trigger_mode="always_last", **QUIET
            )

        events = [listen(self.image, self._choose)]
        for radio, criterion in zip(self.scores, self.exercise.criteria, strict=True):
            events.append(listen(radio, partial(answering.score, subject, criterion.id)))
        for index, box in enumerate(self.reasons):
            listen(box, partial(answering.reason, subject, index))
            events.append(box.blur(lambda: None, **QUIET))
        return events

    def _choose(self, stem: str | None) -> answering.Change:
        """Only a picture that is there can be chosen."""
        stems = [r.stem for r in answering.candidates(self.lab.store().records(), self.subject)]
        return answering.image(self.subject.id, stem if stem in stems else None)

    def _show(self, stem: str | None) -> tuple[Any, str]:
        import gradio as gr

        record = self.lab.store().find(stem) if stem else None
        if record is None:
            return gr.Image(None, visible=False), ""
        t, manifest = self.page.t, record.manifest
        picture = gr.Image(str(record.image_path), visible=True, alt_text=facts.alt_text(t, manifest))
        return picture, facts.made(t, manifest)

    def _total(self, answers: Answers | None) -> str:
        t, criteria = self.page.t, self.exercise.criteria
        if answers is None:
            return ""
        points, given = answering.total(answers.evaluations.get(self.subject.id), criteria)
        maximum = max(answering.SCORES) * len(criteria)
        key = "evaluation.total" if given == len(criteria) else "evaluation.total_so_far"
        words = t(key, total=points, maximum=maximum, given=given, criteria=len(criteria))
        return Markup('<p class="total">{}</p>').format(words)

    def _reason_label(self, index: int) -> str:
        key = "reason" if index < self.exercise.reasons_minimum else "reason_optional"
        return self.page.t(f"evaluation.{key}", number=index + 1)


class _Text:
    """The reflection: the text, how many lines it has, and which of its points are seen."""

    def __init__(self, lab: Lab, page: Page, exercise: Reflection) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        self.text = gr.Textbox(
            label=page.t("evaluation.reflection"),
            info=page.t(
                "evaluation.reflection_hint", minimum=exercise.lines_minimum, maximum=exercise.lines_maximum
            ),
            lines=exercise.lines_maximum,
            max_lines=2 * exercise.lines_maximum,
            max_length=answering.REFLECTION_LENGTH,
            elem_id="reflection",
        )
        self.seen = gr.HTML(elem_id="reflection-seen")
        self.said = page.message("reflection-saved")
        self.components = [self.text, self.seen]
        self.text.input(self._save, self.text, [self.said, self.seen], trigger_mode="always_last", **QUIET)
        self.events = [self.text.blur(lambda: None, **QUIET)]

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk, into the components."""
        return {self.text: answers.reflection, self.seen: self._seen(answers.reflection)}

    def _save(self, text: str) -> tuple[str, str]:
        said, _ = save(self.lab, self.page, answering.reflection(text))
        return said, self._seen(text)

    def _seen(self, text: str) -> str:
        """Lines and points, as the grade will see them."""
        t = self.page.t
        count = count_lines(text)
        key = "evaluation.lines" if count.exact else "evaluation.lines_between"
        lines = t(
            key,
            number=count.typed,
            fewest=count.fewest,
            most=count.most,
            minimum=self.exercise.lines_minimum,
            maximum=self.exercise.lines_maximum,
        )
        points = [(topic.title(self.page.language), touches(text, topic)) for topic in self.exercise.topics]
        return Markup('<p class="lines">{}</p><ul class="checklist">{}</ul>').format(
            lines, Markup("").join(_point(page=self.page, title=title, seen=seen) for title, seen in points)
        )


def _point(page: Page, title: str, seen: bool) -> Markup:
    return Markup(
        '<li class="{}"><span class="sign" aria-hidden="true">{}</span><div>{} {}</div></li>'
    ).format(
        "passed" if seen else "unknown",
        "✓" if seen else "?",
        title,
        Markup('<span class="worth">{}</span>').format(
            page.t("evaluation.seen" if seen else "evaluation.unseen")
        ),
    )


def save(lab: Lab, page: Page, change: answering.Change) -> tuple[str, Answers | None]:
    """Save one change; what to tell, and what is now on disk (None where it could not be saved)."""
    t = page.t
    try:
        answers = answering.update(lab.folder, page.language, change)
    except (UserError, OSError, Timeout) as error:
        log.warning("The answers could not be saved: %s", error)
        said = t("evaluation.not_saved", reason=reason(error, page.language))
        return markup.status(said, bad=True), None
    return markup.status(t("evaluation.saved", time=f"{datetime.now():%H:%M:%S}")), answers
