"""Evaluation and reflection: pictures scored with reasons; a text, its lines counted as grading counts them.

Every change is saved at once, by itself (`lab.records.answers`). What is on disk comes into the page when
the tab is shown, but never over what stands there already: someone may be typing. Text boxes are
listened to by `change`: Gradio's `input` comes with key presses only, not when text is pasted or cut.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any

from filelock import Timeout
from markupsafe import Markup

from exercises.errors import UserError
from exercises.kinds import Evaluation, Reflection
from exercises.kinds.parts import Subject
from grading.checks.reflection import count_lines
from grading.checks.text_rules import touches
from lab.records import answers as answering
from lab.records import gallery
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import markup
from lab.ui.html import picture as facts
from lab.ui.page import QUIET, Page
from lab.ui.wording import reason
from manifests.answers import Answers, SubjectAnswer, load_answers
from manifests.errors import AnswersError

log = logging.getLogger(__name__)

SAVING: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
# One change at a time, so that what a page shows is never put together from two that overtook each other.
ONE_AT_A_TIME = Lock()


def build(lab: Lab, page: Page) -> None:
    import gradio as gr

    t = page.t
    written = [e for e in lab.assignment.exercises if isinstance(e, Evaluation | Reflection)]
    if not written:
        return
    ids = {exercise.id for exercise in written}
    parts: list[_Subject | _Text] = []

    def read(shown: Answers | None) -> dict[Any, Any]:
        said = ""
        try:
            answers = load_answers(lab.folder)
        except AnswersError as error:
            answers = Answers()
            said = markup.status(t("evaluation.unreadable", reason=reason(error, page.language)), bad=True)
        updates: dict[Any, Any] = {trouble: said, known: answers}
        for part in parts:
            updates |= part.offer() if answers == shown else part.fill(answers)
        return updates

    def judge() -> str:
        own = [check for check in lab.checks(page.language) if check.id.split("/")[0] in ids]
        return markup.heading(t("evaluation.checks")) + markup.checklist(t, own)

    with page.tab("evaluation", t("evaluation.title")):
        trouble = page.message("evaluation-trouble")
        known = gr.State(None)  # the answers as this page shows them
        for exercise in written:
            page.text(exercise)
            if isinstance(exercise, Evaluation):
                numbered = enumerate(exercise.subjects, 1)
                parts += [_Subject(lab, page, known, exercise, subject, n) for n, subject in numbered]
            else:
                parts.append(_Text(lab, page, known, exercise))
        checklist = gr.HTML(elem_id="evaluation-checklist")
        page.refresh(read, [trouble, known, *(c for part in parts for c in part.components)], known)
        page.refresh(judge, checklist)
        for part in parts:
            for event in part.events:
                event.then(page.header, None, page.points, **QUIET)
                event.then(judge, None, checklist, **QUIET)


class _Subject:
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
        self.components = [self.image, *self.scores, self.total, *self.reasons]
        self.events = self._listen()

    def offer(self) -> dict[Any, Any]:
        """The pictures there are to choose from now."""
        import gradio as gr

        return {self.image: gr.update(choices=[(gallery.caption(r, 40), r.stem) for r in self._candidates()])}

    def fill(self, answers: Answers) -> dict[Any, Any]:
        """What is on disk, into the components."""
        import gradio as gr

        answer = answers.evaluations.get(self.subject.id) or SubjectAnswer()
        records = self._candidates()
        image = answer.image if answer.image in [record.stem for record in records] else None
        choices = [(gallery.caption(record, 40), record.stem) for record in records]
        scores = [answering.valid_score(answer.scores.get(c.id)) for c in self.exercise.criteria]
        reasons = [*answer.reasons, *[""] * len(self.reasons)]
        values = [*zip(self.scores, scores, strict=True), *zip(self.reasons, reasons, strict=False)]
        return {
            self.image: gr.update(choices=choices, value=image, interactive=True),
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
            listen(box, box.change, partial(answering.reason, subject, index))
            events.append(box.blur(lambda: None, **QUIET))
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


class _Text:
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
        self.text.change(self._save, [self.text, known], [said, self.seen], **SAVING)
        self.events = [self.text.blur(lambda: None, **QUIET)]

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


def save(
    lab: Lab, page: Page, change: answering.Change, shown: Answers | None, tell: Callable[[Answers], str]
) -> Any:
    """Save one change: what became of it, and what `tell` says of what the page shows now.

    The change is made in `shown` too, where the page's other changes find it. One that changes nothing
    comes from the page being filled, and is skipped. Another page may have written something else
    meanwhile: that is on disk and not in `shown`, so that this page takes it in when it is shown again.
    """
    import gradio as gr

    if shown is None:
        return gr.skip()
    t = page.t
    with ONE_AT_A_TIME:
        before = shown.model_copy(deep=True)
        change(shown)
        if shown == before:
            return gr.skip()
        shown.language = page.language
        try:
            answering.update(lab.folder, page.language, change)
            said = markup.status(t("evaluation.saved", time=f"{datetime.now():%H:%M:%S}"))
        except (UserError, OSError, Timeout) as error:
            log.warning("The answers could not be saved: %s", error)
            said = markup.status(t("evaluation.not_saved", reason=reason(error, page.language)), bad=True)
        return said, tell(shown)
