"""Studio: text, image to image or a part of one, with every parameter free, on any model of this machine.

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
from exercises.parameters import SAFE_STEPS, WITH_STRENGTH, safe_sides
from lab.engine.requests import request_for
from lab.jobs.api_pictures import ApiPicture, check_prompt
from lab.jobs.generate import generate, notes
from lab.jobs.running import Task
from lab.models.availability import availability
from lab.models.offered import model_entry, models
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
from lab.ui.tabs.studio_bounds import API, HIGHEST_SEED, MODES, checked_seed, parameters
from lab.ui.tabs.studio_mask import Marked, PartToChange
from lab.ui.tabs.studio_recall import Recalling
from manifests.manifest import Source
from manifests.store import Record

BATCH = 4  # pictures, with seeds that follow each other
USUAL_STRENGTH: dict[str, float] = {"img2img": 0.6, "inpaint": 1.0}


def build(lab: Lab, page: Page, exercise: Studio) -> None:
    """The tab of the free exercise."""
    with page.exercise_tab(exercise):
        _Tab(lab, page, exercise)


class _Tab(Recalling):
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
        form = [*self.fields.values(), self.photo.source, *self.part.inputs]
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
            [
                *self.fields.values(),
                *self.only_here,
                self.part.kept,
                self.recalled,
                *self.photo.outputs,
                self.only_with_photo,
            ],
            **QUIET,
        )
        seen = [self.fields[name] for name in ("mode", "model", "width", "height")]
        gr.on(
            [self.photo.picture.change, self.part.kept.change, *(each.change for each in seen)],
            self._board,
            [self.photo.source, self.part.kept, *seen],
            self.part.board,
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
        mode = gr.Radio([(t(f"studio.{m}"), m) for m in MODES], value="text2img", **label("mode"))
        self.recalled = gr.HTML(elem_id="studio-recalled")
        model = choice(choices=_models(t), value=default.id, **label("model"))
        model_note = gr.HTML(_model_note(self.page, default.id), elem_id="studio-model-note")
        Ideas(self.lab, self.page, prompt)
        reader.build(self.lab, self.page)
        with gr.Column() as first_here:
            negative = gr.Textbox(lines=1, **label("negative_prompt"))
        with gr.Column(visible=False) as self.only_with_photo:
            self.photo = Photo(self.lab, self.page, self.exercise.id)
            with gr.Column(visible=False) as with_mask:
                self.part = PartToChange(self.lab, self.page, self.exercise.id)
            strength = gr.Slider(0.05, 1, value=USUAL_STRENGTH["img2img"], step=0.05, **label("strength"))
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
        mode.change(_parts_of, mode, [self.only_with_photo, with_mask], **QUIET)
        mode.input(lambda value: USUAL_STRENGTH.get(value, gr.skip()), mode, strength, **QUIET)
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
        values, (source, *part) = form[: len(self.fields)], form[len(self.fields) :]
        marked = Marked.of(*part)
        asked = dict(zip(self.fields, values, strict=True))
        model = asked.pop("model")
        if model.startswith(API):
            return [self._by_api(model.removeprefix(API), asked, source, marked)]
        if asked["mode"] == "text2img" or not model_entry(model).takes_strength:
            asked["strength"] = None
        wanted, mask = parameters(self.page.t, asked), None
        if wanted.mode != "text2img" and source is None:
            raise MissingPhoto(self.page.t("photo.missing"))
        if wanted.mode == "inpaint":
            size = int(asked["width"]), int(asked["height"])
            edit = self.part.edit(source, marked, size)
            source, mask = edit.source, edit.mask
        request = request_for(wanted, model, source, mask)
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

    def _by_api(self, model: str, asked: dict[str, Any], source: Source | None, marked: Marked) -> Task:
        """A picture by a provider, in its own size."""
        lab, with_photo, mask = self.lab, asked["mode"] != "text2img", None
        if with_photo and source is None:
            raise MissingPhoto(self.page.t("photo.missing"))
        check_prompt(asked["prompt"] or "")
        seed = (
            None if asked["seed"] is None else checked_seed(self.page.t, asked["seed"])
        )  # None leaves it to them
        if asked["mode"] == "inpaint" and source is not None:
            edit = self.part.edit_to_send(source, marked)
            source, mask = edit.source, edit.mask
        picture = ApiPicture(
            lab.store(),
            lab.router,
            self.exercise.id,
            STUDIO_RUN,
            asked["prompt"],
            selection_of(model),
            seed=seed,
            source=source if with_photo else None,
            mask=mask,
        )
        return Task(STUDIO_RUN, lambda: picture)

    def _board(
        self,
        source: Source | None,
        kept: Any,
        mode: str,
        model: str,
        width: float | None,
        height: float | None,
    ) -> str:
        """Where a part of the photo is marked, in the mode that asks for one."""
        if mode != "inpaint":
            return ""
        size = None if model.startswith(API) else (int(width or 0), int(height or 0))
        return self.part.show(source, kept, size)


def _parts_of(mode: str) -> list[Any]:
    """What the form has for a mode: photo and strength, and where to mark a part."""
    import gradio as gr

    return [gr.update(visible=mode in WITH_STRENGTH), gr.update(visible=mode == "inpaint")]


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
