"""What the tabs of exercises with planned runs share.

From top to bottom: the text, the student's photo where there is one, the plan, the buttons, what is
going on, the grid or the film, the chosen run's picture with facts and code, and the checks. All but
what is going on is read from disk.
"""

from functools import partial
from typing import Any, ClassVar

from exercises.i18n import number
from exercises.kinds.base import Run
from exercises.kinds.planned import Planned
from lab.engine.requests import request_for
from lab.jobs.generate import generate, notes
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.html import picture as facts
from lab.ui.page import QUIET, Page
from lab.ui.sheets import kept as sheets
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.photo import MissingPhoto, Photo
from lab.ui.tabs.result import Result
from manifests.manifest import Source
from manifests.store import Record


class PlannedTab:
    """A tab of one exercise. Each kind says what its picture of pictures is: a grid, or a film."""

    takes_photo: ClassVar[bool] = False
    sheet_label: ClassVar[str] = "generation.grid"  # a key of the catalogue
    film_frames: ClassVar[int] = 0  # pictures of the way from noise to image to keep

    def __init__(self, lab: Lab, page: Page, exercise: Planned) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, several = page.t, len(exercise.runs) > 1
        self.photo = Photo(lab, page, exercise.id) if self.takes_photo else None
        self.source = self.photo.source if self.photo else gr.State(None)
        with gr.Row(elem_classes="halves"):
            with gr.Column(min_width=300):
                plan = gr.HTML(elem_id=f"plan-{exercise.id}")
                self.chosen = gr.Radio(
                    [(_label(page, run), run.id) for run in exercise.runs],
                    value=exercise.runs[0].id,
                    label=t("generation.chosen"),
                    visible=several,
                    elem_id=f"chosen-{exercise.id}",
                )
                every = gr.Button(
                    t("generation.generate"), variant="primary", elem_id=f"generate-{exercise.id}"
                )
                with gr.Row(elem_classes="actions"):
                    one = gr.Button(
                        t("generation.one"), visible=several, elem_id=f"generate-one-{exercise.id}"
                    )
                    watch = Watch(lab, page, exercise.id, [every, one])
                watch.render()
            with gr.Column(min_width=300):
                self.result = Result(page, exercise.id)
        with gr.Column(visible=False) as group:
            sheet = gr.Image(
                label=t(self.sheet_label),
                type="filepath",
                interactive=False,
                buttons=["fullscreen"],
                elem_id=f"sheet-{exercise.id}",
                elem_classes="sheet",
            )
            download = gr.DownloadButton(
                t("generation.download"), size="sm", elem_id=f"download-{exercise.id}"
            )
        checks = gr.HTML(elem_id=f"checks-{exercise.id}")

        shown = [plan, every, *self.result.outputs, group, sheet, download, checks]
        seen_by = [self.chosen, self.source]
        if self.photo:
            shown += self.photo.outputs
        watch.on(every, self._all_tasks, [self.source], self.show, shown, seen_by)
        watch.on(one, self._one_task, [self.source, self.chosen], self.show, shown, seen_by)
        watch.resume(self.show, shown, seen_by)
        self.chosen.change(self.show, seen_by, shown, **QUIET)
        page.refresh(self.show, shown, seen_by)

    def show(self, run_id: str, source: Source | None) -> list[Any]:
        """What is on disk."""
        import gradio as gr

        store = self.lab.store()
        records = {run.id: store.newest(run.id) for run in self.exercise.runs}
        missing = sum(record is None for record in records.values())
        sheet, alt = self.sheet(run_id, records, source)
        values = [
            self._plan(records),
            self.page.t(_generate_words(missing, len(records)), count=missing),
            *self.result.show(records[run_id]),
            gr.update(visible=sheet is not None),
            gr.update(value=sheet, alt_text=alt),
            gr.update(value=sheet),
            self.page.checklist(self.exercise.id),
        ]
        return values + (self.photo.show(list(records), source) if self.photo else [])

    def sheet(self, run_id: str, records: sheets.Records, source: Source | None) -> tuple[str | None, str]:
        """The picture of pictures, and what it shows in words."""
        used = next(
            (r.manifest.request.source for r in records.values() if r and r.manifest.request.source), None
        )
        grid = sheets.grid(self.lab, self.page.language, self.exercise, records, used or source)
        return (str(grid) if grid else None), self.page.t(
            "generation.grid_alt", title=self.exercise.title(self.page.language)
        )

    def _plan(self, records: sheets.Records) -> str:
        """What is asked for in all runs, then each run with what it changes and whether it is there."""
        t, runs, model = self.page.t, self.exercise.runs, self.lab.settings.model
        plan = facts.plan(t, runs[0].parameters)
        words = dict.fromkeys(word for run in runs for word in notes(run.parameters.prompt, model))
        if words:
            plan += markup.note(t("generation.unknown_words", words=", ".join(words)))
        if len(runs) > 1:
            header = [t(f"generation.column_{name}") for name in ("run", "changes", "state")]
            rows = [(run.id, _change(self.page, run), self._state(records[run.id])) for run in runs]
            plan += markup.table(header, rows, t("generation.runs"))
        return plan

    def _state(self, record: Record | None) -> str:
        t = self.page.t
        if record is None:
            return t("generation.to_do")
        seconds = number(round(record.manifest.seconds, 1), t.language)
        return t("generation.made", attempt=record.manifest.attempt, seconds=seconds)

    def _all_tasks(self, source: Source | None) -> list[Task]:
        """The runs that are missing; all of them once none is."""
        store, runs = self.lab.store(), self.exercise.runs
        missing = [run for run in runs if store.newest(run.id) is None]
        return [self._task(run, source) for run in missing or runs]

    def _one_task(self, source: Source | None, run_id: str) -> list[Task]:
        return [self._task(run, source) for run in self.exercise.runs if run.id == run_id]

    def _task(self, run: Run, source: Source | None) -> Task:
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
        )
        return Task(run.id, start, keep=partial(sheets.keep_film, lab))


def _generate_words(missing: int, count: int) -> str:
    """The key of what the button does: never unclear whether pictures are made a second time."""
    if count == 1:
        return "generation.generate" if missing else "generation.again"
    return "generation.missing" if missing else "generation.all_again"


def _change(page: Page, run: Run) -> str:
    """The one parameter a run changes and its value; nothing for the baseline."""
    t = page.t
    name = run.changed or ("strength" if run.parameters.strength is not None else None)
    if name is None:
        return t("generation.nothing_changed")
    return t(
        "generation.change",
        name=t(f"parameter.{name}"),
        value=facts.value_text(t, getattr(run.parameters, name)),
    )


def _label(page: Page, run: Run) -> str:
    return f"{run.id} · {_change(page, run)}"
