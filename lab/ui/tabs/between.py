"""Kind `between`: two ends, the film from one to the other as strip and animation, and what happens there."""

from functools import partial
from typing import Any

from markupsafe import Markup

from exercises.kinds import BetweenTwo
from exercises.kinds.between import BETWEEN_RUN, LEAST_FRAMES, MOST_FRAMES
from grading.checks.between import film_of, way_of
from lab.jobs.between import frame_requests
from lab.jobs.generate import generate
from lab.jobs.running import Task
from lab.session.lab import Lab
from lab.ui.html import picture as facts
from lab.ui.html import stage
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.sheets.film import film_files
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.prompts import Prompts, asked_prompts
from lab.ui.tabs.result import Facts, shown_record
from lab.ui.tabs.said import Said
from lab.ui.tabs.stage import Stage
from manifests.store import Record

USUAL_FRAMES = 9


def build(lab: Lab, page: Page, exercise: BetweenTwo) -> None:
    """The tab of the exercise."""
    with page.exercise_tab(exercise):
        BetweenTab(lab, page, exercise)


class BetweenTab:
    def __init__(self, lab: Lab, page: Page, exercise: BetweenTwo) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name, start = page.t, exercise.id, exercise.start
        self.said = Said(lab, page, name)
        self.said.defaults = {"prompt": start.prompt, "negative_prompt": start.negative_prompt}
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    button = gr.Button(t("between.make"), variant="primary", elem_id=f"generate-{name}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, ("strip", "moving", "slider"))
            with gr.Column(elem_classes="asked", min_width=280, scale=1):
                prompts = Prompts(lab, page, self.said).boxes
                seed = gr.Number(start.seed, label=t("between.seed"), precision=0, elem_id=f"seed-{name}")
                to_prompt = gr.Textbox(
                    label=t("between.to_prompt"),
                    info=t("between.to_prompt_info"),
                    lines=2,
                    elem_id=f"to-prompt-{name}",
                    elem_classes="draft",
                )
                to_seed = gr.Number(
                    start.seed, label=t("between.to_seed"), precision=0, elem_id=f"to-seed-{name}"
                )
                frames = gr.Slider(
                    LEAST_FRAMES,
                    MOST_FRAMES,
                    value=max(USUAL_FRAMES, exercise.frames_minimum),
                    step=1,
                    label=t("between.count"),
                    elem_id=f"frames-{name}",
                )
                self.said.text(
                    "text", label=t("between.seen"), info=t("said.words", minimum=exercise.words_minimum)
                )
                self.said.status.render()
                page.instructions(exercise)
                gr.HTML(facts.plan(t, start), elem_id=f"plan-{name}")
            with stop:
                watch = Watch(lab, page, name, [button], self.stage)
            with going_on:
                watch.render()
        with gr.Row():
            downloads = [
                gr.DownloadButton(
                    t(f"between.{kind}"), size="sm", interactive=False, elem_id=f"{kind}-{name}"
                )
                for kind in ("strip", "moving")
            ]
        self.facts = Facts(page, name)
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.stage.shown, *downloads, *self.facts.outputs, checks]
        form = [*prompts, seed, to_prompt, to_seed, frames]
        watch.on(button, self._tasks, form, self.show, shown, [self.stage.view])
        watch.resume(self.show, shown, [self.stage.view])
        self.stage.view.change(self.show, self.stage.view, shown, **QUIET)
        page.refresh(self.show, shown, [self.stage.view])
        self.said.listen(checks)

    def show(self, view: str) -> list[Any]:
        """What is on disk."""
        import gradio as gr

        film = self._film()
        files = film_files(self.lab, self.exercise.id, film, self._title(film)) if len(film) > 1 else None
        downloads = files or (None, None)
        return [
            self._on_stage(view, film),
            *(gr.update(value=str(f) if f else None, interactive=f is not None) for f in downloads),
            *self.facts.show(film[len(film) // 2] if film else None),
            self.page.checklist(self.exercise.id),
        ]

    def _film(self) -> list[Record]:
        return film_of([r for r in self.lab.store().records() if r.manifest.exercise == self.exercise.id])

    def _title(self, film: list[Record]) -> str:
        between = way_of(film[0])
        return self.page.t(
            "between.title", one=film[0].manifest.request.prompt, two=between.prompt if between else ""
        )

    def _on_stage(self, view: str, film: list[Record]) -> Markup:
        t = self.page.t
        if len(film) < 2:
            return stage.empty(t("stage.nothing"))
        if view == "slider":
            ends = [
                shown_record(self.page, r, t(f"between.end_{n}")) for n, r in enumerate((film[0], film[-1]))
            ]
            return stage.before_after(t, *ends, difference=False)
        files = film_files(self.lab, self.exercise.id, film, self._title(film))
        if files is None:
            return stage.empty(t("stage.nothing"))
        strip, moving = files
        path = moving if view == "moving" else strip
        alt = t(f"between.alt_{view}", count=len(film), title=self._title(film))
        return stage.one(t, Shown(self.page.file_url(path), alt, t(f"between.{view}")))

    def _tasks(
        self, prompt: Any, negative: Any, seed: Any, to_prompt: Any, to_seed: Any, frames: Any
    ) -> list[Task]:
        lab, model = self.lab, self.lab.settings.model
        asked = asked_prompts(prompt, negative)
        ends = [int(number) if number is not None else self.exercise.start.seed for number in (seed, to_seed)]
        start = self.exercise.start.model_copy(update={**asked, "seed": ends[0]})
        other = str(to_prompt or "").strip() or asked["prompt"]
        requests = frame_requests(start, model, other, ends[1], int(frames))
        return [
            Task(
                f"{BETWEEN_RUN} {number}/{len(requests)}",
                partial(
                    generate, lab.store(), lab.engine, self.exercise.id, BETWEEN_RUN, request, model=model
                ),
                together=True,
            )
            for number, request in enumerate(requests, 1)
        ]
