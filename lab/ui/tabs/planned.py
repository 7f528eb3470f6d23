"""What the tabs of exercises with planned runs share.

To the left what is seen: the buttons, what is going on, the stage with its views. To the right what is asked:
the text, the runs, the plan. Below, the chosen run's facts and code, and the checks. All but what is going on
is read from disk.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from markupsafe import Markup

from exercises.kinds.base import Run
from exercises.kinds.planned import Planned
from lab.engine.requests import request_for
from lab.jobs.generate import generate, notes
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.html import markup, stage
from lab.ui.html import picture as facts
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.sheets import kept as sheets
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.photo import MissingPhoto, Photo
from lab.ui.tabs.result import Facts, shown_record
from lab.ui.tabs.stage import Stage
from manifests.manifest import Source
from manifests.store import Record


class PlannedTab:
    """A tab of one exercise. Each kind says in which views its pictures can be seen, the first one first."""

    takes_photo: ClassVar[bool] = False
    views: ClassVar[Sequence[str]] = ("all", "one", "slider", "difference")
    film_frames: ClassVar[int] = 0  # pictures of the way from noise to image to keep
    has_baseline: ClassVar[bool] = True  # whether the first run is what the others are compared with

    def __init__(self, lab: Lab, page: Page, exercise: Planned) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, several, name = page.t, len(exercise.runs) > 1, exercise.id
        self.photo = Photo(lab, page, name) if self.takes_photo else None
        self.source = self.photo.source if self.photo else gr.State(None)
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    every = gr.Button(t("generation.generate"), variant="primary", elem_id=f"generate-{name}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, self.views)
            with gr.Column(elem_classes="asked", min_width=280, scale=1):
                self.form = self.build_form()
                page.instructions(exercise)
                self.chosen = gr.Radio(
                    [(" · ".join(dict.fromkeys((self.label(run), run.id))), run.id) for run in exercise.runs],
                    value=exercise.runs[0].id,
                    label=t("generation.chosen"),
                    visible=several,
                    elem_id=f"chosen-{name}",
                    elem_classes="listed",
                )
                one = gr.Button(
                    t("generation.one"), visible=several, size="sm", elem_id=f"generate-one-{name}"
                )
                self.build_words()
                plan = gr.HTML(elem_id=f"plan-{name}")
            with stop:
                runs = [run.id for run in exercise.runs] if self.views[0] == "all" else []
                watch = Watch(lab, page, name, [every, one], self.stage, runs)
            with going_on:
                watch.render()
        self.facts = Facts(page, name)
        download = gr.DownloadButton(
            t("generation.download"), size="sm", visible="all" in self.views, elem_id=f"download-{name}"
        )
        self.checks = gr.HTML(elem_id=f"checks-{name}")

        shown = [plan, every, self.stage.shown, *self.facts.outputs, download, self.checks]
        seen_by = [self.chosen, self.source, self.stage.view]
        if self.photo:
            shown += self.photo.outputs
        watch.on(every, self._all_tasks, [self.source, *self.form], self.show, shown, seen_by)
        watch.on(one, self._one_task, [self.source, self.chosen, *self.form], self.show, shown, seen_by)
        watch.resume(self.show, shown, seen_by)
        gr.on([self.chosen.change, self.stage.view.change], self.show, seen_by, shown, **QUIET)
        page.refresh(self.show, shown, seen_by)

    def build_form(self) -> list[Any]:
        """What the student fills in before pictures are made; `_task` is given the values."""
        return []

    def build_words(self) -> None:
        """What the student writes about the pictures."""

    def label(self, run: Run) -> str:
        """What tells a run from the others."""
        return change_words(self.page, run)

    def show(self, run_id: str, source: Source | None, view: str) -> list[Any]:
        """What is on disk."""
        import gradio as gr

        store = self.lab.store()
        records = {run.id: store.newest(run.id) for run in self.exercise.runs}
        missing = sum(record is None for record in records.values())
        used = next(
            (r.manifest.request.source for r in records.values() if r and r.manifest.request.source), None
        )
        grid = None
        if "all" in self.views:
            grid = sheets.grid(self.lab, self.page.language, self.exercise, records, used or source)
        values = [
            self._plan(),
            self.page.t(_generate_words(missing, len(records)), count=missing),
            self.on_stage(view, run_id, records, used or source),
            *self.facts.show(records[run_id]),
            gr.update(value=str(grid) if grid else None, interactive=grid is not None),
            self.page.checklist(self.exercise.id),
        ]
        return values + (self.photo.show(list(records), source) if self.photo else [])

    def on_stage(self, view: str, run_id: str, records: sheets.Records, source: Source | None) -> Markup:
        """The pictures in the chosen view."""
        t = self.page.t
        cells = {run.id: self._shown(run, records[run.id]) for run in self.exercise.runs}
        first = self._compared_with(cells, source)
        if view == "all":
            photo = [first] if self.photo else []
            return self.all_at_once([*photo, *cells.values()])
        chosen = cells[run_id]
        if view == "one":
            return stage.one(t, chosen) if chosen.url else stage.empty(t("stage.nothing"))
        if chosen is first:  # nothing is seen of a picture over itself
            chosen = next((cell for cell in cells.values() if cell.url and cell is not first), chosen)
        if first.url is None or chosen.url is None or chosen is first:
            return stage.empty(t("stage.two_needed"))
        return stage.before_after(t, first, chosen, difference=view == "difference")

    def all_at_once(self, cells: Sequence[Shown]) -> Markup:
        """The view of all pictures."""
        return stage.side_by_side(self.page.t, cells)

    def _compared_with(self, cells: dict[str, Shown], source: Source | None) -> Shown:
        """What the others are compared with: the photo they start from, else the first run."""
        if not self.photo:
            return cells[self.exercise.runs[0].id]
        path = self.photo.path(source)
        url = self.page.file_url(path) if path else None
        t = self.page.t
        return Shown(url, t("photo.alt"), t("grid.photo"), marked=True, instead=t("photo.none"))

    def _shown(self, run: Run, record: Record | None) -> Shown:
        """A run's picture with what it changes, its steps and its seconds."""
        t = self.page.t
        first = self.has_baseline and not self.photo and run is self.exercise.runs[0]
        label = t("stage.baseline") if first else self.label(run)
        if record is None:
            return Shown(None, label=label, marked=first)
        return self.shown(record, label, marked=first)

    def shown(self, record: Record, label: str, *, marked: bool) -> Shown:
        """A picture that was made, for the stage."""
        return shown_record(self.page, record, label, marked=marked)

    def _plan(self) -> str:
        """What is asked for in all runs, and which of its words the model does not know."""
        t, runs, model = self.page.t, self.exercise.runs, self.lab.settings.model
        plan = facts.plan(t, runs[0].parameters)
        words = dict.fromkeys(word for run in runs for word in notes(run.parameters.prompt, model))
        if words:
            plan += markup.note(t("generation.unknown_words", words=", ".join(words)))
        return plan

    def _all_tasks(self, source: Source | None, *form: Any) -> list[Task]:
        """The runs that are missing; all of them once none is."""
        store, runs = self.lab.store(), self.exercise.runs
        missing = [run for run in runs if store.newest(run.id) is None]
        return [self._task(run, source, *form) for run in missing or runs]

    def _one_task(self, source: Source | None, run_id: str, *form: Any) -> list[Task]:
        return [self._task(run, source, *form) for run in self.exercise.runs if run.id == run_id]

    def _task(self, run: Run, source: Source | None, *form: Any) -> Task:
        if self.photo and source is None:
            raise MissingPhoto(self.page.t("photo.missing"))
        lab, model = self.lab, self.lab.settings.model
        request = request_for(run.parameters, model, source)
        start = partial(
            generate,
            lab.store(),
            lab.engine,
            self.exercise.id,
            run.id,
            request,
            model=model,
            film=self.film_frames,
            variant=run.variant,
            smaller=run.smaller,
        )
        return Task(run.id, start, keep=partial(sheets.keep_film, lab), together=True)


def _generate_words(missing: int, count: int) -> str:
    """The key of what the button does: never unclear whether pictures are made a second time."""
    if count == 1:
        return "generation.generate" if missing else "generation.again"
    return "generation.missing" if missing else "generation.all_again"


def change_words(page: Page, run: Run) -> str:
    """The one parameter a run changes and its value; nothing for the baseline."""
    name = run.changed or ("strength" if run.parameters.strength is not None else None)
    if name is None:
        return page.t("generation.nothing_changed")
    return facts.with_value(page.t, name, getattr(run.parameters, name))
