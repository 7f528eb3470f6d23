"""Kind `own`: the student's own prompts, a picture for each seed, and the best of them with reasons."""

from typing import Any, ClassVar

from exercises.kinds import Own
from exercises.kinds.base import Run
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.html import picture as facts
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from lab.ui.tabs.planned import PlannedTab
from lab.ui.tabs.prompts import Prompts, asked_prompts
from lab.ui.tabs.result import judged
from lab.ui.tabs.said import Said
from manifests.manifest import Source
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Own) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        OwnTab(lab, page, exercise)


class OwnTab(PlannedTab):
    exercise: Own
    has_baseline: ClassVar[bool] = False

    def __init__(self, lab: Lab, page: Page, exercise: Own) -> None:
        self.said = Said(lab, page, exercise.id)
        super().__init__(lab, page, exercise)
        self.said.listen(self.checks)

    def build_form(self) -> list[Any]:
        return Prompts(self.lab, self.page, self.said).boxes

    def build_words(self) -> None:
        import gradio as gr

        t, exercise = self.page.t, self.exercise
        choices = [(self.label(run), run.id) for run in exercise.runs]
        best = gr.Radio(choices, value=None, label=t("own.best"), elem_id=f"best-{exercise.id}")
        self.said.keep("chosen", best, "input")
        self.said.text("text", label=t("own.why"), info=t("said.words", minimum=exercise.words_minimum))
        self.said.status.render()

    def label(self, run: Run) -> str:
        """Its seed, in which alone the runs differ."""
        return facts.with_value(self.page.t, "seed", run.parameters.seed)

    def shown(self, record: Record, label: str, *, marked: bool) -> Shown:
        return judged(self.page, record, label)

    def _task(self, run: Run, source: Source | None, *form: Any) -> Task:
        asked = run.parameters.model_copy(update=asked_prompts(*form))
        return super()._task(run.model_copy(update={"parameters": asked}), source)
