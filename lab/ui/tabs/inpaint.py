"""Kind `inpaint`: a mask over the student's own picture, a prompt for what comes there, and what is seen."""

from functools import partial
from typing import Any

from exercises.errors import UserError
from exercises.kinds import Inpaint
from exercises.kinds.base import Run
from lab.engine.requests import request_for
from lab.jobs.edits import (
    MOST_ADDED,
    Edit,
    checked_sides,
    drawn_mask,
    enlarged_edit,
    masked_edit,
)
from lab.jobs.generate import generate
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.html import masks as html
from lab.ui.html.stage import Shown
from lab.ui.page import Page
from lab.ui.sheets.canvas import canvas_picture, fitted_picture
from lab.ui.tabs.on_picture import OnPictureTab
from lab.ui.tabs.photo import MissingPhoto
from lab.ui.tabs.prompts import asked_prompts
from lab.ui.tabs.result import judged
from manifests.manifest import Source
from manifests.masks import SIDES, USUAL_FEATHER
from manifests.store import Record


def build(lab: Lab, page: Page, exercise: Inpaint) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        InpaintTab(lab, page, exercise)


class InpaintTab(OnPictureTab):
    exercise: Inpaint
    views = ("slider", "one", "all", "difference")

    def build_board(self) -> list[Any]:
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        self.seen_by = list[Any]()
        with gr.Column(elem_classes="mask-place"):
            if self.exercise.outpaint:
                with gr.Row():
                    self.seen_by = [
                        gr.Number(
                            64 if side in ("left", "right") else 0,
                            label=t(f"mask.side_{side}"),
                            minimum=0,
                            maximum=MOST_ADDED,
                            step=8,
                            precision=0,
                            min_width=90,
                            elem_id=f"{side}-{name}",
                        )
                        for side in SIDES
                    ]
            self.board = gr.HTML(elem_id=f"board-{name}")
        drawn = gr.Textbox(visible="hidden", elem_id=f"mask-{name}")
        feather = gr.Slider(
            0,
            32,
            value=USUAL_FEATHER,
            step=1,
            label=t("mask.feather"),
            info=t("mask.feather_info"),
            elem_id=f"feather-{name}",
        )
        area = gr.Checkbox(
            value=True,
            label=t("mask.area"),
            info=t("mask.area_info"),
            visible=not self.exercise.outpaint,
            elem_id=f"area-{name}",
        )
        return [drawn, feather, area, *self.seen_by]

    def build_words(self) -> None:
        t = self.page.t
        minimum = self.exercise.words_minimum
        self.said.text("text", label=t("mask.seen"), info=t("said.words", minimum=minimum))
        self.said.status.render()

    def label(self, run: Run) -> str:
        return run.id if run.changed is None else super().label(run)

    def shown(self, record: Record, label: str, *, marked: bool) -> Shown:
        return judged(self.page, record, label)

    def _compared_with(self, cells: dict[str, Shown], source: Source | None) -> Shown:
        """The source as the model got it, so that both pictures lie upon each other."""
        t, path = self.page.t, None
        made = [r for run in self.exercise.runs if (r := self.lab.store().newest(run.id))]
        size = (made[-1].manifest.image.width, made[-1].manifest.image.height) if made else self.size
        used = made[-1].manifest.request.source if made else source
        if used:
            path = fitted_picture(self.lab, used, size)
        url = self.page.file_url(path) if path else None
        return Shown(url, t("photo.alt"), t("mask.source"), marked=True, instead=t("photo.none"))

    def shown_on_board(self, source: Source | None, *values: Any) -> str:
        """Where the mask is drawn; with an enlarged canvas, what that looks like."""
        t = self.page.t
        if source is None:
            return markup.hint(t("mask.no_source"))
        if self.exercise.outpaint:
            try:
                added = checked_sides(dict(zip(SIDES, (int(side or 0) for side in values), strict=True)))
            except UserError as error:
                return markup.status(error.in_language(self.page.language), bad=True)
            canvas = canvas_picture(self.lab, source, self.size, added)
            if canvas is None:
                return markup.hint(t("mask.no_source"))
            path, size = canvas
            return html.canvas_preview(t, self.page.file_url(path), size)
        fitted = fitted_picture(self.lab, source, self.size)
        if fitted is None:
            return markup.hint(t("mask.no_source"))
        key = f"{self.exercise.id}-{source.sha256}-{self.size}"
        return html.drawing_board(t, self.page.file_url(fitted), key, self.size, f"mask-{self.exercise.id}")

    def _task(self, run: Run, source: Source | None, *form: Any) -> Task:
        if source is None:
            raise MissingPhoto(self.page.t("mask.no_source"))
        lab, model = self.lab, self.lab.settings.model
        prompt, negative, drawn, feather, area, *sides = form
        asked = run.parameters.model_copy(update=asked_prompts(prompt, negative))
        edit = self._edit(source, str(drawn or ""), float(feather or 0), bool(area), sides)
        width, height = edit.size
        asked = asked.model_copy(update={"width": width, "height": height})
        request = request_for(asked, model, edit.source, edit.mask)
        start = partial(
            generate,
            lab.store(),
            lab.engine,
            self.exercise.id,
            run.id,
            request,
            model=model,
            variant=run.variant,
        )
        return Task(run.id, start, together=True)

    def _edit(self, source: Source, drawn: str, feather: float, area: bool, sides: list[Any]) -> Edit:
        store = self.lab.store()
        if self.exercise.outpaint:
            added = dict(zip(SIDES, (int(side or 0) for side in sides), strict=True))
            return enlarged_edit(store, source, self.size, added, feather)
        return masked_edit(store, source, drawn_mask(drawn, self.size), feather=feather, area=area)
