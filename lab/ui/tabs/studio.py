"""Studio: text or image to image with every parameter free, on any model that is on this machine.

In an assignment that asks APIs, also by a provider's model, which takes the prompt, the picture and perhaps
a seed. A recalled record fills the form; what it says is held to the same bounds as an assignment's runs.
"""

from functools import partial
from random import SystemRandom
from typing import Any

from markupsafe import Markup

from exercises.i18n import Translator
from exercises.kinds import Studio
from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import FROM_SOURCE, SAFE_STEPS, safe_sides
from lab.engine.requests import request_for
from lab.jobs.api_pictures import ApiPicture, check_prompt
from lab.jobs.generate import generate, notes
from lab.jobs.running import Task
from lab.models.availability import availability
from lab.models.offered import model_entry, models
from lab.models.registry import BOTH_MODES
from lab.records.gallery import same_but_seed
from lab.session.lab import Lab
from lab.ui.choice import choice
from lab.ui.html import markup, stage
from lab.ui.html.parameter_help import parameter_help
from lab.ui.html.picture import with_value
from lab.ui.html.stage import Shown
from lab.ui.page import QUIET, Page
from lab.ui.tabs import reader
from lab.ui.tabs.asking import drawn_here, model_name, model_value, offered, selection_of
from lab.ui.tabs.generation import Watch
from lab.ui.tabs.ideas import Ideas
from lab.ui.tabs.photo import MissingPhoto, Photo
from lab.ui.tabs.result import Facts, shown_record
from lab.ui.tabs.stage import Stage
from lab.ui.tabs.studio_bounds import HIGHEST_SEED, checked_seed, parameters
from manifests.manifest import ApiRequest, Source
from manifests.store import Record

BATCH = 4  # pictures, with seeds that follow each other
API = "api:"  # before provider and model, in the list of models


def build(lab: Lab, page: Page, exercise: Studio) -> None:
    """The tab of the free exercise."""
    with page.exercise_tab(exercise):
        _Tab(lab, page, exercise)


class _Tab:
    def __init__(self, lab: Lab, page: Page, exercise: Studio) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t = page.t
        with gr.Row(elem_classes="bench"):
            with gr.Column(elem_classes="seen", min_width=300, scale=2):
                with gr.Row(elem_classes="actions"):
                    button = gr.Button(
                        t("generation.generate"), variant="primary", elem_id=f"generate-{exercise.id}"
                    )
                    stop = gr.Row(elem_classes="stopping")
                going_on = gr.Column(elem_classes="going-on")
                self.stage = Stage(page, exercise.id, ("one", "all", "slider", "difference"))
            with gr.Column(elem_classes="asked", min_width=300, scale=2):
                page.instructions(exercise)
                self._build_form()
            with stop:
                watch = Watch(lab, page, exercise.id, [button], self.stage)
            with going_on:
                watch.render()
        self.facts = Facts(page, exercise.id)
        checks = gr.HTML(elem_id=f"checks-{exercise.id}")
        shown = [self.stage.shown, *self.facts.outputs, checks]
        form = [*self.fields.values(), self.photo.source]
        watch.on(button, self._batch, [self.count, *form], self.show, shown, [self.stage.view])
        watch.resume(self.show, shown, [self.stage.view])
        page.refresh(self.show, shown, [self.stage.view])
        self.count.input(lambda count: "all" if count > 1 else "one", self.count, self.stage.view, **QUIET)
        self.stage.view.change(self.show, [self.stage.view], shown, **QUIET)
        if lab.assignment.asks_apis:
            page.refresh(self._offer, self.fields["model"], self.fields["model"])
        page.recall.change(
            self._recall,
            page.recall,
            [*self.fields.values(), *self.only_here, *self.photo.outputs, self.only_with_photo],
            **QUIET,
        )
        fields = list(self.fields.values())
        page.parameters.change(self._take_over, [page.parameters, self.fields["model"]], fields, **QUIET)
        page.given_photo.change(
            self._begin_with_photo, page.given_photo, [self.fields["mode"], self.only_with_photo], **QUIET
        )

    def _build_form(self) -> None:
        """The fields, by the names in `Parameters` and `model`."""
        import gradio as gr

        t, default = self.page.t, model_entry(self.lab.settings.model)

        def label(name: str) -> dict[str, str]:
            """What each field has; what is typed into it stays in the browser."""
            return {"label": t(f"parameter.{name}"), "elem_id": f"studio-{name}", "elem_classes": "draft"}

        # No length is given to the browser, which would cut a longer text without a word.
        prompt = gr.Textbox(lines=3, placeholder=t("studio.example"), **label("prompt"))
        words = gr.HTML(elem_id="studio-words")
        mode = gr.Radio([(t(f"studio.{m}"), m) for m in BOTH_MODES], value="text2img", **label("mode"))
        model = choice(choices=_models(t), value=default.id, **label("model"))
        model_note = gr.HTML(_model_note(self.page, default.id), elem_id="studio-model-note")
        Ideas(self.lab, self.page, prompt)
        reader.build(self.lab, self.page)
        with gr.Column() as first_here:
            negative = gr.Textbox(lines=1, **label("negative_prompt"))
        with gr.Column(visible=False) as self.only_with_photo:
            self.photo = Photo(self.lab, self.page, self.exercise.id)
            strength = gr.Slider(0.05, 1, value=0.6, step=0.05, **label("strength"))
        sides = {"value": default.native_size, "step": default.multiple, "min_width": 140}
        with gr.Column() as second_here:
            with gr.Row():
                width = gr.Slider(default.minimum_size, default.maximum_size, **sides, **label("width"))
                height = gr.Slider(default.minimum_size, default.maximum_size, **sides, **label("height"))
            with gr.Row():
                steps = gr.Slider(1, 150, value=30, step=1, min_width=140, **label("steps"))
                guidance = gr.Slider(0, 30, value=7.5, step=0.5, min_width=140, **label("guidance_scale"))
            scheduler = gr.Dropdown(
                list(default.schedulers), value=default.schedulers[0], **label("scheduler")
            )
            safe = gr.Button(t("studio.safe"), size="sm", elem_id="studio-safe")
        self.only_here = [first_here, second_here]  # what a model behind an API is not asked
        with gr.Row(elem_classes="seed"):
            seed = gr.Number(value=42, precision=0, min_width=100, **label("seed"))
            dice = gr.Button(t("studio.random_seed"), size="sm", min_width=90, elem_id="studio-dice")
            again = gr.Button(t("studio.same_seed"), size="sm", min_width=90, elem_id="studio-same-seed")
        self.count = gr.Radio(
            [(t("studio.one_picture"), 1), (t("studio.batch", count=BATCH), BATCH)],
            value=1,
            label=t("studio.count"),
            elem_id="studio-count",
        )
        with gr.Accordion(t("help.title"), open=False, elem_id="studio-help"):
            gr.HTML(parameter_help(t, self.page.file_url))
        self.fields = {
            "mode": mode,
            "model": model,
            "prompt": prompt,
            "negative_prompt": negative,
            "width": width,
            "height": height,
            "steps": steps,
            "guidance_scale": guidance,
            "scheduler": scheduler,
            "seed": seed,
            "strength": strength,
        }
        mode.change(lambda value: gr.update(visible=value == "img2img"), mode, self.only_with_photo, **QUIET)
        own = [model_note, width, height, scheduler, *self.only_here]
        model.input(self._choose_model, model, own, **QUIET)
        gr.on([prompt.change, model.change], self._unknown_words, [prompt, model], words, **QUIET)
        safe.click(_safe, [model, steps], [width, height, steps], **QUIET)
        dice.click(lambda: SystemRandom().randint(0, HIGHEST_SEED), None, seed, **QUIET)
        again.click(self._last_seed, None, seed, **QUIET)

    def show(self, view: str) -> list[Any]:
        """What is on disk: the newest picture of the Studio, and the checks."""
        made = self._made()
        newest = made[-1] if made else None
        checks = self.page.checklist(self.exercise.id)
        return [self._on_stage(view, made), *self.facts.show(newest), checks]

    def _made(self) -> list[Record]:
        return [record for record in self.lab.store().records() if record.manifest.run == STUDIO_RUN]

    def _last_seed(self) -> Any:
        """The seed of the newest picture of the Studio."""
        import gradio as gr

        seeds = [record.manifest.request.seed for record in self._made()]
        return gr.skip() if not seeds or seeds[-1] is None else seeds[-1]

    def _on_stage(self, view: str, made: list[Record]) -> Markup:
        """The newest picture, or it over what it is compared with: its source, or the picture before it."""
        t, page = self.page.t, self.page
        if not made:
            return stage.empty(t("stage.nothing"))
        newest = shown_record(page, made[-1])
        if view == "one":
            return stage.one(t, newest)
        if view == "all":
            return stage.side_by_side(t, [self._in_batch(record) for record in same_but_seed(made, BATCH)])
        source = getattr(made[-1].manifest.request, "source", None)
        path = self.photo.path(source)
        if path:
            before = Shown(page.file_url(path), t("photo.alt"), t("grid.photo"))
        elif len(made) > 1:
            before = shown_record(page, made[-2], t("stage.before"))
        else:
            return stage.empty(t("stage.two_needed"))
        return stage.before_after(t, before, newest, difference=view == "difference")

    def _in_batch(self, record: Record) -> Shown:
        seed = record.manifest.request.seed
        label = record.stem if seed is None else with_value(self.page.t, "seed", seed)
        return shown_record(self.page, record, label)

    def _offer(self, model: str) -> Any:
        """The models of this machine, then those of every provider that is set up."""
        import gradio as gr

        by_api = [
            (model_name(self.page, each), API + model_value(each)) for each in offered(self.lab, "image")
        ]
        choices = [*_models(self.page.t), *by_api]
        there = model in [value for _, value in choices]
        return gr.update(choices=choices, value=model if there else self.lab.settings.model)

    def _choose_model(self, model_id: str) -> list[Any]:
        """A model of this machine brings its own sizes and schedulers; an API takes none."""
        import gradio as gr

        here = not model_id.startswith(API)
        parts = [gr.update(visible=here) for _ in self.only_here]
        if not here:
            note = markup.note(self.page.t("studio.by_api"))
            return [note, gr.skip(), gr.skip(), gr.skip(), *parts]
        entry = model_entry(model_id)
        side = gr.update(
            minimum=entry.minimum_size,
            maximum=entry.maximum_size,
            value=entry.native_size,
            step=entry.multiple,
        )
        schedulers = gr.update(choices=list(entry.schedulers), value=entry.schedulers[0])
        return [_model_note(self.page, model_id), side, side, schedulers, *parts]

    def _unknown_words(self, prompt: str, model_id: str) -> str:
        drawing = drawn_here(model_id.removeprefix(API)) if model_id.startswith(API) else model_id
        words = notes(prompt or "", drawing) if drawing else []
        return markup.note(self.page.t("generation.unknown_words", words=", ".join(words))) if words else ""

    def _batch(self, count: int, *form: Any) -> list[Task]:
        """One picture as the form says, or several with the seeds that follow, each recorded by itself."""
        place = list(self.fields).index("seed")
        seed = form[place]
        tasks = self._tasks(*form)
        for number in range(1, BATCH if count == BATCH else 1):
            following = None if seed is None else (int(seed) + number) % (HIGHEST_SEED + 1)
            tasks += self._tasks(*form[:place], following, *form[place + 1 :])
        return tasks

    def _tasks(self, *form: Any) -> list[Task]:
        *values, source = form
        asked = dict(zip(self.fields, values, strict=True))
        model = asked.pop("model")
        if model.startswith(API):
            return [self._by_api(model.removeprefix(API), asked, source)]
        if asked["mode"] != "img2img" or not model_entry(model).takes_strength:
            asked["strength"] = None
        wanted = parameters(self.page.t, asked)
        if wanted.mode == "img2img" and source is None:
            raise MissingPhoto(self.page.t("photo.missing"))
        request = request_for(wanted, model, source if wanted.mode == "img2img" else None)
        lab = self.lab
        start = partial(
            generate,
            lab.store(),
            lab.engine,
            self.exercise.id,
            STUDIO_RUN,
            request,
            model=model,
            smaller=self.exercise.smaller,
        )
        return [Task(STUDIO_RUN, start)]

    def _by_api(self, model: str, asked: dict[str, Any], source: Source | None) -> Task:
        """A picture by a provider, in its own size."""
        lab, with_photo = self.lab, asked["mode"] == "img2img"
        if with_photo and source is None:
            raise MissingPhoto(self.page.t("photo.missing"))
        check_prompt(asked["prompt"] or "")
        seed = (
            None if asked["seed"] is None else checked_seed(self.page.t, asked["seed"])
        )  # None leaves it to them
        picture = ApiPicture(
            lab.store(),
            lab.router,
            self.exercise.id,
            STUDIO_RUN,
            asked["prompt"],
            selection_of(model),
            seed=seed,
            source=source if with_photo else None,
        )
        return Task(STUDIO_RUN, lambda: picture)

    def _recall(self, recalled: tuple[str, float]) -> list[Any]:
        """The parameters of the record named, as the form's values."""
        import gradio as gr

        record = self.lab.store().find(recalled[0])
        if record is None:
            count = len(self.fields) + len(self.photo.outputs) + 1 + len(self.only_here)
            return [gr.skip() for _ in range(count)]
        request = record.manifest.request
        if isinstance(request, ApiRequest):
            return self._recall_api(record, request)
        known = record.manifest.model.id in models()
        model = record.manifest.model.id if known else self.lab.settings.model
        _, width, height, scheduler, *here = self._choose_model(model)
        values: dict[str, Any] = request.model_dump(exclude={"source", "mask", "between"}) | {
            "model": model,
            "mode": "img2img"
            if request.mode in FROM_SOURCE
            else request.mode,  # masks have a tab of their own
            "width": width | {"value": request.width},
            "height": height | {"value": request.height},
            "scheduler": scheduler | {"value": request.scheduler},
            "strength": gr.skip() if request.strength is None else request.strength,
        }
        photo = self.photo.show([record.manifest.run], request.source)
        shown = gr.update(visible=request.mode in FROM_SOURCE)
        return [*(values[name] for name in self.fields), *here, *photo, shown]

    def _take_over(self, told: tuple[dict[str, Any], float], model: str) -> list[Any]:
        """What a picture's file said, as far as the chosen model can do it; the rest stays as it is."""
        import gradio as gr

        values = dict(told[0] or {})
        if model.startswith(API):
            values = {name: value for name, value in values.items() if name in ("prompt", "seed")}
        else:
            entry = model_entry(model)
            for side in ("width", "height"):
                fits = entry.minimum_size <= values.get(side, 0) <= entry.maximum_size
                if not fits or values[side] % entry.multiple:
                    values.pop(side, None)
            if values.get("scheduler") not in entry.schedulers:
                values.pop("scheduler", None)
        return [values.get(name, gr.skip()) for name in self.fields]

    def _begin_with_photo(self, given: tuple[str, str, float]) -> list[Any]:
        """A picture given to this tab is what it starts from."""
        import gradio as gr

        if given[0] != self.exercise.id:
            return [gr.skip(), gr.skip()]
        return ["img2img", gr.update(visible=True)]

    def _recall_api(self, record: Record, request: ApiRequest) -> list[Any]:
        """What a provider was asked: the rest of the form stays as it is."""
        import gradio as gr

        model = record.manifest.model
        values: dict[str, Any] = {name: gr.skip() for name in self.fields} | {
            "mode": request.mode,
            "model": f"{API}{model.repository}/{model.id}",
            "prompt": request.prompt,
        }
        if request.seed is not None:
            values["seed"] = request.seed
        photo = self.photo.show([record.manifest.run], request.source)
        here = [gr.update(visible=False) for _ in self.only_here]
        return [*values.values(), *here, *photo, gr.update(visible=request.mode == "img2img")]


def _safe(model: str, steps: float) -> list[Any]:
    """Width, height and steps that are light on memory and time; fewer steps stay as few."""
    entry = model_entry(model)
    side = max(safe_sides(entry.native_size)[0], entry.minimum_size)
    return [side, side, min(steps, SAFE_STEPS)]


def _models(t: Translator) -> list[tuple[str, str]]:
    """Every model of the registry, those that cannot run here marked."""
    return [
        (entry.name if availability(entry.id).available else t("studio.not_here", name=entry.name), entry.id)
        for entry in models().values()
    ]


def _model_note(page: Page, model_id: str) -> str:
    """Why a model cannot run here, and what to do; nothing where it can."""
    state = availability(model_id)
    return "" if state.available else markup.note(state.text(page.language))
