"""Kind `adapt`: photos and a word become an adapter; its strength is seen in a table of pictures.

What was learnt is read from disk: the adapters with their cards, and the pictures drawn with the chosen one.
"""

from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from exercises.i18n import decimal
from exercises.kinds import Adapt
from exercises.kinds.adapt import ADAPTED_RUN, MOST_SCALE, WORD
from lab.jobs.adapt import (
    FEWEST_PHOTOS,
    MOST_PHOTOS,
    AdaptError,
    Plan,
    Taught,
    Teaching,
    samples_of,
    step_of,
)
from lab.jobs.adapt_grid import begin, cells_of, fitting, free_pictures, free_request, made, tasks
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import markup, stage, teaching
from lab.ui.html import picture as facts
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.photo import read_bounded
from lab.ui.tabs.result import judged
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage
from manifests.adapters import Card, Settings
from manifests.manifest import Request
from manifests.store import Record

TEACH_MODELS = (("GenAI Lab mini", "mini"), ("Stable Diffusion 1.5", "sd15"))


def build(lab: Lab, page: Page, exercise: Adapt) -> None:
    """The tab of one exercise."""
    with page.exercise_tab(exercise):
        AdaptTab(lab, page, exercise)


class AdaptTab:
    """`chosen` is the file of the adapter whose pictures are seen."""

    def __init__(self, lab: Lab, page: Page, exercise: Adapt) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        self.said = Said(lab, page, name)
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    teach = gr.Button(
                        t("adapt.teach"), variant="primary", elem_id=f"teach-{name}", min_width=140
                    )
                    draw = gr.Button(t("adapt.draw"), elem_id=f"generate-{name}", min_width=140)
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, ("all", "one"))
                being_taught = gr.HTML(elem_id=f"being-taught-{name}")
                learnt = gr.HTML(elem_id=f"learnt-{name}")
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                photos = gr.State(None)  # where the uploaded ones lie
                upload = gr.UploadButton(
                    t("adapt.photos_label", fewest=FEWEST_PHOTOS, most=MOST_PHOTOS),
                    file_count="multiple",
                    elem_id=f"upload-{name}",
                )
                listed = page.message(f"photos-{name}")
                word = gr.Textbox(
                    label=t("adapt.word_label"),
                    info=t("adapt.word_info"),
                    max_lines=1,
                    elem_id=f"word-{name}",
                )
                with gr.Row():
                    steps = gr.Slider(
                        5,
                        max(600, exercise.steps),
                        exercise.steps,
                        step=5,
                        label=t("adapt.steps"),
                        elem_id=f"steps-{name}",
                    )
                    rank = gr.Slider(
                        1, 32, Settings().rank, step=1, label=t("adapt.rank"), elem_id=f"rank-{name}"
                    )
                with gr.Row():
                    rate = gr.Number(
                        Settings().rate,
                        label=t("adapt.rate"),
                        minimum=1e-6,
                        maximum=1e-2,
                        elem_id=f"rate-{name}",
                    )
                    model = gr.Dropdown(
                        list(TEACH_MODELS), value="mini", label=t("parameter.model"), elem_id=f"model-{name}"
                    )
                self.chosen = choice(choices=[], label=t("adapt.chosen"), elem_id=f"adapter-{name}")
                free_prompt, free_scale, free = self._build_free()
                self.said.text(
                    "text", label=t("adapt.lesson"), info=t("said.words", minimum=exercise.words_minimum)
                )
                self.said.status.render()
                page.instructions(exercise)
                gr.HTML(facts.plan(t, exercise.start), elem_id=f"plan-{name}")
            with stop:
                watch = Watch(
                    lab, page, name, [teach, draw, free], self.stage, besides=(being_taught, self._so_far)
                )
            with going_on:
                watch.render()
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.stage.shown, learnt, self.chosen, checks]
        form = [photos, word, steps, rank, rate, model]
        seen_by = [self.chosen, self.stage.view]
        watch.on(teach, self._teach, form, self.show, shown, seen_by)
        watch.on(draw, self._draw, [self.chosen], self.show, shown, seen_by)
        free.click(lambda: "one", None, self.stage.view, **QUIET)
        draw.click(lambda: "all", None, self.stage.view, **QUIET)
        watch.on(free, self._draw_free, [self.chosen, free_prompt, free_scale], self.show, shown, seen_by)
        watch.resume(self.show, shown, seen_by)
        upload.upload(self._uploaded, upload, [photos, listed], **QUIET)
        gr.on([self.chosen.input, self.stage.view.change], self.show, seen_by, shown, **QUIET)
        page.refresh(self.show, shown, seen_by)
        self.said.listen(checks)

    def _build_free(self) -> tuple[Any, Any, Any]:
        """What a picture beside the plan is asked by: prompt, strength, and the button."""
        import gradio as gr

        t, name = self.page.t, self.exercise.id
        with gr.Column(elem_id=f"free-{name}"):
            gr.HTML(markup.heading(t("adapt.free")))
            prompt = gr.Textbox(
                self.exercise.prompts[0],
                label=t("adapt.free_prompt"),
                info=t("adapt.free_prompt_info", word=WORD),
                lines=2,
                elem_id=f"free-prompt-{name}",
                elem_classes="draft",
            )
            scale = gr.Slider(
                0,
                MOST_SCALE,
                1.0,
                step=0.05,
                label=t("adapt.free_scale"),
                info=t("adapt.free_scale_info"),
                elem_id=f"free-scale-{name}",
            )
            button = gr.Button(t("adapt.free_draw"), size="sm", elem_id=f"free-draw-{name}")
        return prompt, scale, button

    def show(self, chosen: str | None, view: str) -> list[Any]:
        """What is on disk of the chosen adapter; of the newest that fits, where none is."""
        import gradio as gr

        t = self.page.t
        kept = fitting(self.exercise, self.lab.store())
        card = next((each for each in kept if each.file == chosen), kept[-1] if kept else None)
        choices = [
            (t("adapt.choice", word=each.word, steps=each.steps, file=each.file), each.file) for each in kept
        ]
        return [
            self._free() if view == "one" else self._grid(card),
            self._learnt(card),
            gr.update(choices=choices, value=card.file if card else None),
            self.page.checklist(self.exercise.id),
        ]

    def _grid(self, card: Card | None) -> Markup:
        t, exercise = self.page.t, self.exercise
        if card is None:
            return stage.empty(t("adapt.nothing"))
        there = made(exercise, self.lab.store(), card)
        columns = [t("adapt.strength", scale=decimal(f"{scale:g}", t.language)) for scale in exercise.scales]
        rows = [prompt.replace(WORD, card.word) for prompt in exercise.prompts]
        cells = []
        for row, scale in cells_of(exercise):
            label = f"{rows[row]} · {columns[exercise.scales.index(scale)]}"
            record = there.get((row, scale))
            cells.append(judged(self.page, record, label) if record else Shown(None, label=label))
        return stage.crossed(t, columns, rows, cells)

    def _learnt(self, card: Card | None) -> Markup:
        """The loss curve with its words, the samples drawn on the way, and what the model forgot."""
        if card is None:
            return Markup("")
        t = self.page.t
        samples = [path for path in samples_of(self.lab.folder, card.word) if step_of(path) <= card.steps]
        seen = teaching.so_far(t, card.word, card.losses, samples)
        if card.forgetting is None:
            return seen
        header = [t("adapt.others"), t("adapt.before"), t("adapt.after")]
        shares = [f"{share:.0%}" for share in (card.forgetting.before, card.forgetting.after)]
        return seen + markup.table(header, [[card.forgetting.pictures, *shares]])

    def _so_far(self, event: object) -> str:
        """The loss curve and the samples of what is being taught."""
        if not isinstance(event, Taught):
            return ""
        return teaching.so_far(self.page.t, event.word, event.losses, event.samples)

    def _free(self) -> Markup:
        """The newest picture beside the plan, with its strength."""
        made = free_pictures(self.exercise, self.lab.store())
        if not made:
            return stage.empty(self.page.t("adapt.free_nothing"))
        return stage.one(self.page.t, judged(self.page, made[-1], self._said_of(made[-1])))

    def _said_of(self, record: Record) -> str:
        """What was asked for, and how strong the adapter was."""
        request, t = record.manifest.request, self.page.t
        scales = [adapter.scale for adapter in request.adapters] if isinstance(request, Request) else []
        strengths = [t("adapt.strength", scale=decimal(f"{scale:g}", t.language)) for scale in scales]
        return " · ".join([request.prompt, *strengths])

    def _uploaded(self, photos: list[str]) -> tuple[list[str], Markup]:
        """The photos to teach from, and their names."""
        names = ", ".join(Path(photo).name for photo in photos[: MOST_PHOTOS + 1])
        return photos, markup.status(self.page.t("adapt.photos_chosen", count=len(photos), names=names))

    def _teach(
        self,
        photos: list[str] | None,
        word: str | None,
        steps: float | None,
        rank: float | None,
        rate: float | None,
        model: str,
    ) -> list[Task]:
        """Teach; a field that was cleared is None."""
        if self.lab.settings.gateway and model == "mini" and not self._draws_here():
            raise AdaptError("adapt.gateway")
        try:
            settings = Settings(steps=round(steps or 0), rank=round(rank or 0), rate=float(rate or 0))
        except (ValueError, OverflowError):
            raise AdaptError("adapt.settings") from None
        data = tuple(read_bounded(Path(photo)) for photo in (photos or [])[: MOST_PHOTOS + 1])
        plan = Plan((word or "").strip(), data, model, settings, keep=self.exercise.keep)
        teaching = Teaching(self.lab.store(), plan)
        return [Task("teach", lambda: teaching)]

    def _draws_here(self) -> bool:
        """Whether the lab's engine draws in this process, and so with adapters."""
        from lab.engine.remote import RemoteEngine

        return not isinstance(self.lab.engine, RemoteEngine)

    def _draw(self, chosen: str | None) -> list[Task]:
        store = self.lab.store()
        card = next((each for each in fitting(self.exercise, store) if each.file == chosen), None)
        if card is None:
            raise AdaptError("adapt.choose")
        found = tasks(store, self.lab.engine, self.exercise, card)
        if not found:
            raise AdaptError("adapt.all_there")
        return found

    def _draw_free(self, chosen: str | None, prompt: str | None, scale: float | None) -> list[Task]:
        store, exercise = self.lab.store(), self.exercise
        card = next((each for each in fitting(exercise, store) if each.file == chosen), None)
        if card is None:
            raise AdaptError("adapt.choose")
        request = free_request(exercise, card, (prompt or "").strip(), float(scale or 0))
        start = partial(begin, store, self.lab.engine, exercise, ADAPTED_RUN, request, card)
        return [Task(ADAPTED_RUN, start)]
