"""Kind `iterate`: a prompt improved step by step; each picture scored, with what was changed and why."""

from functools import partial
from typing import Any

from markupsafe import Markup

from exercises.kinds import Iterate
from exercises.kinds.iterate import ITERATION_RUN
from grading.checks.iterate import steps_of, total_of
from lab.engine.requests import request_for
from lab.jobs.generate import generate
from lab.jobs.running import Task
from lab.records import answers as answering
from lab.records import exercise_answers
from lab.session.lab import Lab
from lab.ui.choice import buttons
from lab.ui.html import markup, stage
from lab.ui.html import picture as facts
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.prompts import Prompts, asked_prompts
from lab.ui.tabs.result import Facts, judged
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage
from manifests.answers import ExerciseAnswer, StepAnswer
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Iterate) -> None:
    """The tab of the exercise."""
    with page.exercise_tab(exercise):
        IterateTab(lab, page, exercise)


class IterateTab:
    """`count` is how many steps the page has shown: one more, and the newest is the chosen one.

    `filled` is the step whose scores and text the fields hold. What is saved goes there, not to the chosen
    step: a field's `change` may come before the choice that came with the same answer has arrived.
    """

    def __init__(self, lab: Lab, page: Page, exercise: Iterate) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.said, self.count, self.filled = Said(lab, page, name), gr.State(0), gr.State(None)
        start = exercise.start
        self.said.defaults = {"prompt": start.prompt, "negative_prompt": start.negative_prompt}
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    button = gr.Button(t("iterate.next"), variant="primary", elem_id=f"generate-{name}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, ("all", "one", "slider", "difference"))
            with gr.Column(elem_classes="asked", min_width=280, scale=1):
                prompts = Prompts(lab, page, self.said)
                self._build_step()
                page.instructions(exercise)
                gr.HTML(facts.plan(t, exercise.start), elem_id=f"plan-{name}")
            with stop:
                watch = Watch(lab, page, name, [button], self.stage)
            with going_on:
                watch.render()
        self.facts = Facts(page, name)
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.stage.shown, *self.step, self.count, *self.facts.outputs, checks]
        seen_by = [self.chosen, self.count, self.stage.view, self.filled]
        watch.on(button, self._tasks, prompts.boxes, self.show, shown, seen_by)
        watch.resume(self.show, shown, seen_by)
        gr.on([self.chosen.input, self.stage.view.change], self.show, seen_by, shown, **QUIET)
        page.refresh(self.show, shown, seen_by)
        self.said.listen(checks)
        self._listen(checks, seen_by)

    def _build_step(self) -> None:
        """The chosen step: its scores, and what was changed in it."""
        import gradio as gr

        t, exercise = self.page.t, self.exercise
        self.chosen = buttons(
            choices=[], value=None, label=t("iterate.step"), elem_id=f"chosen-{exercise.id}", visible=False
        )
        with gr.Column(elem_classes="step", visible=False) as self.of_step:
            self.scores = [
                gr.Radio(
                    list(answering.SCORES),
                    label=criterion.title(self.page.language),
                    info=criterion.hint(self.page.language),
                    elem_id=f"score-{exercise.id}-{criterion.id}",
                )
                for criterion in exercise.criteria
            ]
            self.why = gr.Textbox(
                label=t("iterate.why"),
                info=t("said.words", minimum=exercise.words_minimum),
                lines=2,
                elem_id=f"why-{exercise.id}",
            )
            self.judge = gr.HTML()
        self.said.status.render()
        self.step = [self.chosen, self.filled, self.of_step, *self.scores, self.why, self.judge]

    def _listen(self, checks: Any, seen_by: list[Any]) -> None:
        name = self.exercise.id
        self.said.save_typed(self.why, partial(_explain, name), [self.why, self.filled], checks)
        for radio, criterion in zip(self.scores, self.exercise.criteria, strict=True):
            saved = self.said.save_on(radio.input, partial(_score, name, criterion.id), [radio, self.filled])
            self.said.recheck(saved, checks)
            saved.then(self._on_stage, seen_by, self.stage.shown, **QUIET)

    def show(self, stem: str | None, count: int, view: str, filled: str | None) -> list[Any]:
        """What is on disk, of the step chosen or, when there is a new one, of that one.

        The fields of a step are filled once: what is being typed in them is newer than what is on disk.
        """
        import gradio as gr

        steps, said = self._steps(), self.said.answer()
        stems = [step.stem for step in steps]
        if len(steps) != count or stem not in stems:
            stem = stems[-1] if stems else None
        step = next((step for step in steps if step.stem == stem), None)
        own = said.steps.get(stem or "", StepAnswer())
        first = stem == (stems[0] if stems else None)
        return [
            self._view(steps, said, stem, view),
            gr.update(choices=_numbered(stems), value=stem, visible=bool(stems)),
            stem,
            gr.update(visible=step is not None),
            *(
                gr.skip() if stem == filled else answering.valid_score(own.scores.get(c.id))
                for c in self.exercise.criteria
            ),
            gr.skip() if stem == filled else gr.update(value=own.why, visible=not first),
            self._advice(step),
            len(steps),
            *self.facts.show(step),
            self.page.checklist(self.exercise.id),
        ]

    def _on_stage(self, stem: str | None, count: int, view: str, filled: str | None) -> Markup:
        return self._view(self._steps(), self.said.answer(), stem, view)

    def _view(self, steps: list[Record], said: ExerciseAnswer, stem: str | None, view: str) -> Markup:
        t = self.page.t
        if not steps:
            return stage.empty(t("stage.nothing"))
        cells = {step.stem: self._shown(number, step, said) for number, step in enumerate(steps, 1)}
        if view == "all":
            return stage.side_by_side(t, list(cells.values()))
        first, *_, last = [*cells.values()] if len(cells) > 1 else [*cells.values()] * 2
        chosen = cells.get(stem or "", last)
        if view == "one":
            return stage.one(t, chosen)
        if chosen is first:
            chosen = last
        if chosen is first:
            return stage.empty(t("stage.two_needed"))
        return stage.before_after(t, first, chosen, difference=view == "difference")

    def _shown(self, number: int, step: Record, said: ExerciseAnswer) -> Shown:
        total = total_of(self.exercise, said.steps.get(step.stem))
        most = max(answering.SCORES) * len(self.exercise.criteria)
        words = "" if total is None else self.page.t("iterate.total", total=total, maximum=most)
        label = " · ".join(filter(None, (self.page.t("iterate.number", number=number), words)))
        return judged(self.page, step, label)

    def _advice(self, step: Record | None) -> Markup:
        """What the judge found, which is advice and counts for nothing."""
        if step is None or step.manifest.adherence is None:
            return Markup("")
        opinion = step.manifest.adherence
        words = self.page.t("iterate.judge", found=opinion.found, count=len(opinion.parts))
        return markup.hint(words)

    def _steps(self) -> list[Record]:
        """The steps on disk, in the order in which they were made."""
        made = [r for r in self.lab.store().records() if r.manifest.run == ITERATION_RUN]
        return steps_of(sorted(made, key=lambda record: record.manifest.attempt))

    def _tasks(self, *form: Any) -> list[Task]:
        lab, model = self.lab, self.lab.settings.model
        request = request_for(self.exercise.start.model_copy(update=asked_prompts(*form)), model)
        start = partial(
            generate, lab.store(), lab.engine, self.exercise.id, ITERATION_RUN, request, model=model
        )
        return [Task(ITERATION_RUN, start)]


def _explain(exercise: str, text: str, stem: str | None) -> answering.Change:
    return exercise_answers.step_why(exercise, stem, text)


def _score(exercise: str, criterion: str, value: int | None, stem: str | None) -> answering.Change:
    return exercise_answers.step_score(exercise, stem, criterion, value)


def _numbered(stems: list[str]) -> list[tuple[str, str]]:
    return [(str(number), stem) for number, stem in enumerate(stems, 1)]
