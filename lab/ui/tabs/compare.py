"""Compare: one prompt to several models, their pictures side by side with time and cost, and a conclusion.

Models of this machine draw by the engine, all others through the router; each picture is a record as any
other. One model that fails does not keep the others from their turn.
"""

from secrets import randbits
from typing import Any

from markupsafe import Markup

from exercises.errors import UserError
from exercises.i18n import number
from exercises.kinds import Compare
from exercises.kinds.compare import COMPARISON_RUN
from exercises.parameters import Parameters
from grading.checks.alt_text_rules import count_words
from grading.checks.compare import newest_comparison
from lab.engine.requests import request_for
from lab.jobs.analyse import AnalysisError
from lab.jobs.api_pictures import ApiPicture, DeferredJob, SequentialJobs, check_prompt
from lab.jobs.generate import generate, notes
from lab.jobs.protocol import StoppableJob
from lab.jobs.running import Task
from lab.models.availability import availability
from lab.models.offered import model_entry, models
from lab.session.lab import Lab
from lab.ui.choice import buttons, choice
from lab.ui.error_text import error_text
from lab.ui.html import charges as api_words
from lab.ui.html import markup, stage
from lab.ui.html.adherence import lines
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs.asking import HERE, drawn_here, model_name, model_value, offered, selection_of
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.stage import Stage
from manifests.analysis import Conclusion
from manifests.manifest import ApiRequest
from manifests.store import Record

REASON_LENGTH = 2000  # characters
STEPS = 30


def build(lab: Lab, page: Page, exercise: Compare) -> None:
    with page.exercise_tab(exercise):
        _Tab(lab, page, exercise)


class _Tab:
    def __init__(self, lab: Lab, page: Page, exercise: Compare) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t, name = page.t, exercise.id
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    draw = gr.Button(t("comparing.draw"), variant="primary", elem_id=f"generate-{name}")
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, name, ("all",))
            with gr.Column(elem_classes="asked", min_width=280, scale=1):
                self.prompt = gr.Textbox(
                    label=t("parameter.prompt"), lines=2, elem_classes="draft", elem_id=f"prompt-{name}"
                )
                self.models = choice(
                    multiselect=True,
                    label=t("comparing.models"),
                    info=t("comparing.hint"),
                    elem_id=f"models-{name}",
                )
                words = gr.HTML(elem_id=f"words-{name}")
                page.instructions(exercise)
            with stop:
                watch = Watch(lab, page, name, [draw], self.stage)
            with going_on:
                watch.render()
        gr.on(
            [self.prompt.change, self.models.change],
            self._unknown_words,
            [self.prompt, self.models],
            words,
            **QUIET,
        )
        pictures = gr.HTML(elem_id=f"pictures-{name}")
        with gr.Column(visible=False) as self.concluding:
            self.chosen = buttons(choices=[], label=t("comparing.chosen"), elem_id=f"chosen-{name}")
            self.reason = gr.Textbox(
                label=t("comparing.reason"),
                info=t("comparing.reason_hint", words=exercise.words_minimum),
                lines=4,
                max_length=REASON_LENGTH,
                elem_classes="draft",
                elem_id=f"reason-{name}",
            )
            save = gr.Button(t("comparing.save"), elem_id=f"save-{name}")
        said = page.message(f"saved-{name}")
        checks = gr.HTML(elem_id=f"checks-{name}")
        shown = [self.stage.shown, pictures, self.concluding, self.chosen, checks]
        watch.on(draw, self._tasks, [self.prompt, self.models], self.show, shown, [])
        watch.resume(self.show, shown, [])
        page.refresh(self._offer, self.models, self.models)
        page.refresh(self.show, shown)
        page.changed(save.click(self._save, [self.chosen, self.reason], said, **QUIET))

    def _compared(self) -> list[Record]:
        return newest_comparison(self.lab.store().records(), self.exercise.id)

    def show(self) -> list[Any]:
        """The comparison made last, and the checks."""
        import gradio as gr

        compared = self._compared()
        stems = [(f"{_who(self.page, record)} · {record.stem}", record.stem) for record in compared]
        return [
            self._on_stage(compared),
            self._told(compared),
            gr.update(visible=bool(compared)),
            gr.update(choices=stems),  # what is chosen by the time the answer comes stays chosen
            self.page.checklist(self.exercise.id),
        ]

    def _offer(self, names: list[str] | None) -> Any:
        """The models of this machine, then those of every provider that is set up."""
        import gradio as gr

        t = self.page.t
        here = [entry for entry in models().values() if availability(entry.id).available]
        choices = [(t("comparing.here", model=entry.name), f"{HERE}/{entry.id}") for entry in here]
        choices += [(model_name(self.page, c), model_value(c)) for c in offered(self.lab, "image")]
        values = [value for _, value in choices]
        kept = [name for name in names or () if name in values]
        if kept and kept == names:
            return gr.update(choices=choices)  # who is chosen by the time the answer comes stays chosen
        return gr.update(choices=choices, value=kept or values[:2])

    def _tasks(self, prompt: str, names: list[str] | None) -> list[Task]:
        check_prompt(prompt)
        if len(names or ()) < self.exercise.models_minimum:
            raise AnalysisError("comparing.too_few", count=self.exercise.models_minimum)
        works = [(name, self._work(name, prompt.strip())) for name in names or ()]
        return [Task(COMPARISON_RUN, lambda: SequentialJobs(works))]

    def _unknown_words(self, prompt: str | None, names: list[str] | None) -> str:
        """What of the prompt a model of this machine will skip, before any is asked."""
        unknown = {
            model: notes(prompt or "", model)
            for name in names or ()
            if (model := drawn_here(name)) is not None
        }
        return Markup("").join(
            markup.note(
                self.page.t("comparing.unknown_words", model=model_entry(model).name, words=", ".join(words))
            )
            for model, words in unknown.items()
            if words
        )

    def _work(self, name: str, prompt: str) -> StoppableJob:
        lab = self.lab
        provider, _, model = name.partition("/")
        if provider != HERE:
            return ApiPicture(
                lab.store(), lab.router, self.exercise.id, COMPARISON_RUN, prompt, selection_of(name)
            )
        entry = model_entry(model)
        parameters = Parameters(prompt=prompt, steps=STEPS, seed=randbits(32), scheduler=entry.schedulers[0])
        return DeferredJob(
            lambda: generate(
                lab.store(),
                lab.engine,
                self.exercise.id,
                COMPARISON_RUN,
                request_for(parameters, model),
                model=model,
            )
        )

    def _on_stage(self, compared: list[Record]) -> Markup:
        """The pictures side by side, each with who made it."""
        t = self.page.t
        if not compared:
            return stage.empty(t("comparing.nothing_yet"))
        cells = []
        for record in compared:
            who = _who(self.page, record)
            prompt = record.manifest.request.prompt[:300]
            seconds = number(round(record.manifest.seconds, 2), t.language)
            cells.append(
                Shown(
                    self.page.file_url(record.image_path),
                    t("comparing.alt", model=who, prompt=prompt),
                    who,
                    t("comparing.time", seconds=seconds),
                )
            )
        return stage.side_by_side(t, cells)

    def _told(self, compared: list[Record]) -> Markup:
        """Of each picture its file, its time and cost, and what the judge finds in it."""
        t = self.page.t
        if not compared:
            return Markup("")
        header = [t(f"comparing.column_{name}") for name in ("model", "picture", "time", "cost", "opinion")]
        rows = [
            (
                _who(self.page, record),
                record.stem,
                t("comparing.time", seconds=number(round(record.manifest.seconds, 2), t.language)),
                t("comparing.cost", cost=_cost(self.page, record)),
                _opinion(self.page, record),
            )
            for record in compared
        ]
        judged = any(record.manifest.adherence for record in compared)
        hint = markup.hint(t("comparing.opinion")) if judged else Markup("")
        caption = t("comparing.compared", prompt=compared[-1].manifest.request.prompt)
        return markup.scrolling(markup.table(header, rows, caption), caption) + hint

    def _save(self, stem: str | None, words: str) -> str:
        t = self.page.t
        compared = [record.stem for record in self._compared()]
        try:
            if stem not in compared:
                raise AnalysisError("comparing.not_chosen")
            if count_words(words) < self.exercise.words_minimum:
                raise AnalysisError("comparing.short", words=self.exercise.words_minimum)
            conclusion = Conclusion(
                pictures=tuple(compared[-50:]), chosen=stem, reason=words.strip()[:REASON_LENGTH]
            )
            self.lab.notebook().write(self.exercise.id, conclusion)
        except UserError as error:
            return markup.status(error_text(error, self.page.language), bad=True)
        return markup.status(t("comparing.saved", stem=stem))


def _who(page: Page, record: Record) -> str:
    manifest = record.manifest
    if isinstance(manifest.request, ApiRequest):
        return page.t("comparing.by_api", model=manifest.model.id, provider=manifest.model.repository)
    return page.t("comparing.by_here", model=manifest.model.id)


def _opinion(page: Page, record: Record) -> Markup:
    adherence = record.manifest.adherence
    said = lines(page.t, adherence) if adherence else []
    return Markup("<br>").join(said)


def _cost(page: Page, record: Record) -> str:
    request = record.manifest.request
    if not isinstance(request, ApiRequest):
        return page.t("comparing.own_machine")
    return api_words.cost(page.t, record.manifest.cost, cached=request.cached)
