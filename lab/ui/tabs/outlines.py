"""Kind `outlines`: the outlines of a photo or a drawing, a prompt for what is drawn by them, what is seen."""

from dataclasses import replace
from functools import partial
from typing import Any

from exercises.errors import UserError
from exercises.kinds import Outlines
from exercises.kinds.base import Run
from lab.engine.requests import request_for
from lab.jobs.edits import leading_outlines
from lab.jobs.generate import generate
from lab.jobs.running import Task
from lab.records.led import kept_of
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.html import outlines as html
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from lab.ui.sheets.canvas import fitted_picture, outlines_picture
from lab.ui.tabs.on_picture import OnPictureTab
from lab.ui.tabs.photo import MissingPhoto
from lab.ui.tabs.prompts import asked_prompts
from lab.ui.tabs.result import judged
from manifests.manifest import Source
from manifests.outlines import SMOOTHING, are_outlines, marked
from manifests.pictures import open_picture
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Outlines) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        OutlinesTab(lab, page, exercise)


class OutlinesTab(OnPictureTab):
    exercise: Outlines

    def build_board(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        with gr.Column(elem_classes="outlines-place"):
            self.board = gr.HTML(elem_id=f"board-{name}")
        is_lines = gr.Checkbox(
            value=False, label=t("outlines.lines"), info=t("outlines.lines_info"), elem_id=f"lines-{name}"
        )
        smoothing = gr.Slider(
            0.6,
            6,
            value=SMOOTHING,
            step=0.2,
            label=t("outlines.smoothing"),
            info=t("outlines.smoothing_info"),
            elem_id=f"smoothing-{name}",
        )
        self.seen_by = [smoothing, is_lines]
        return self.seen_by

    def build_words(self) -> None:
        import gradio as gr

        t, minimum = self.page.t, self.exercise.words_minimum
        gr.HTML(markup.hint(t("outlines.kept_means")))
        self.said.text("text", label=t("outlines.seen"), info=t("said.words", minimum=minimum))
        self.said.status.render()

    def shown(self, record: Record, label: str, *, marked: bool) -> Shown:
        """With how much of the outlines it keeps."""
        picture, kept = judged(self.page, record, label), kept_of(self.lab.store(), record)
        if kept is None:
            return picture
        return replace(picture, facts=self.page.t("outlines.kept", percent=round(100 * kept)))

    def _compared_with(self, cells: dict[str, Shown], source: Source | None) -> Shown:
        """The outlines that led, once a picture is made."""
        t, store = self.page.t, self.lab.store()
        used = [r.manifest.request.source for run in self.exercise.runs if (r := store.newest(run.id))]
        path = fitted_picture(self.lab, used[-1], self.size) if used and used[-1] else None
        url = self.page.file_url(path) if path else None
        return Shown(url, t("outlines.alt"), t("outlines.led"), marked=True, instead=t("outlines.none_yet"))

    def shown_on_board(self, source: Source | None, *values: Any) -> str:
        """The outlines as they will lead."""
        smoothing, is_lines = values
        t = self.page.t
        if source is None:
            return markup.hint(t("outlines.no_source"))
        try:
            path = outlines_picture(
                self.lab, source, self.size, smoothing or SMOOTHING, is_lines=bool(is_lines)
            )
        except UserError as error:
            return markup.status(error.in_language(self.page.language), bad=True)
        if path is None:
            return markup.hint(t("outlines.no_source"))
        found = open_picture(path.read_bytes())
        words = t("outlines.found", percent=f"{100 * marked(found).mean():.0f}")
        if are_outlines(open_picture(self.lab.store().source_path(source).read_bytes())):
            words = t("outlines.already")
        return html.found(t, self.page.file_url(path), words)

    def _task(self, run: Run, source: Source | None, *form: Any) -> Task:
        if source is None:
            raise MissingPhoto(self.page.t("outlines.no_source"))
        prompt, negative, smoothing, is_lines = form
        lab, model = self.lab, self.lab.settings.model
        store = lab.store()
        asked = run.parameters.model_copy(update=asked_prompts(prompt, negative))
        data = store.source_path(source).read_bytes()
        led = leading_outlines(store, data, self.size, smoothing or SMOOTHING, is_lines=bool(is_lines))
        start = partial(
            generate,
            store,
            lab.engine,
            self.exercise.id,
            run.id,
            request_for(asked, model, led),
            model=model,
            variant=run.variant,
            smaller=run.smaller,
        )
        return Task(run.id, start, together=True)
