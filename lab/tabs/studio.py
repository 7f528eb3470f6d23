"""Studio: text or image to image with every parameter free, on any model that is on this machine.

A recalled record fills the form; what the form says is held to the same bounds as an assignment's runs.
"""

from functools import partial
from random import SystemRandom
from typing import Any, get_args

from pydantic import ValidationError

from exercises.assignment import STUDIO_RUN, Studio
from exercises.errors import UserError
from exercises.i18n import Translate
from exercises.parameters import Mode, Parameters
from lab import markup
from lab.context import Lab
from lab.engine.registry import MODELS, availability, model_entry
from lab.generate import generate, notes, request_for
from lab.page import QUIET, Page
from lab.running import Task
from lab.tabs.generation import Watch
from lab.tabs.photo import MissingPhoto, Photo
from lab.tabs.result import Result

HIGHEST_SEED = 2**32 - 1


class BadParameters(UserError):
    """The form asks for what no model can do."""


def build(lab: Lab, page: Page, exercise: Studio) -> None:
    """The tab of the free exercise."""
    with page.exercise_tab(exercise):
        _Tab(lab, page, exercise)


class _Tab:
    def __init__(self, lab: Lab, page: Page, exercise: Studio) -> None:
        import gradio as gr

        self.lab, self.page, self.exercise = lab, page, exercise
        t = page.t
        with gr.Row(elem_classes="studio"):
            with gr.Column(min_width=300):
                self._build_form()
                with gr.Row(elem_classes="actions"):
                    button = gr.Button(
                        t("generation.generate"), variant="primary", elem_id=f"generate-{exercise.id}"
                    )
                    watch = Watch(lab, page, exercise.id, [button])
            with gr.Column(min_width=300):
                watch.render()
                self.result = Result(page, exercise.id)
                checks = gr.HTML(elem_id=f"checks-{exercise.id}")
        shown = [*self.result.outputs, checks]
        form = [*self.fields.values(), self.photo.source]
        watch.on(button, self._tasks, form, self.show, shown, [])
        watch.resume(self.show, shown, [])
        page.refresh(self.show, shown)
        page.recall.change(
            self._recall,
            page.recall,
            [*self.fields.values(), *self.photo.outputs, self.only_with_photo],
            **QUIET,
        )

    def _build_form(self) -> None:
        """The fields, by the names in `Parameters` and `model`."""
        import gradio as gr

        t, default = self.page.t, model_entry(self.lab.settings.model)

        def label(name: str) -> dict[str, str]:
            return {"label": t(f"parameter.{name}"), "elem_id": f"studio-{name}"}

        mode = gr.Radio([(t(f"studio.{m}"), m) for m in get_args(Mode)], value="text2img", **label("mode"))
        model = gr.Dropdown(_models(t), value=default.id, **label("model"))
        model_note = gr.HTML(_model_note(self.page, default.id), elem_id="studio-model-note")
        prompt = gr.Textbox(lines=3, max_length=2000, **label("prompt"))
        words = gr.HTML(elem_id="studio-words")
        negative = gr.Textbox(lines=1, max_length=2000, **label("negative_prompt"))
        with gr.Column(visible=False) as self.only_with_photo:
            self.photo = Photo(self.lab, self.page, self.exercise.id)
            strength = gr.Slider(0.05, 1, value=0.6, step=0.05, **label("strength"))
        sides = {"value": default.native_size, "step": default.multiple, "min_width": 140}
        with gr.Row():
            width = gr.Slider(default.minimum_size, default.maximum_size, **sides, **label("width"))
            height = gr.Slider(default.minimum_size, default.maximum_size, **sides, **label("height"))
        with gr.Row():
            steps = gr.Slider(1, 150, value=30, step=1, min_width=140, **label("steps"))
            guidance = gr.Slider(0, 30, value=7.5, step=0.5, min_width=140, **label("guidance_scale"))
        scheduler = gr.Dropdown(list(default.schedulers), value=default.schedulers[0], **label("scheduler"))
        with gr.Row(elem_classes="seed"):
            seed = gr.Number(value=42, precision=0, min_width=140, **label("seed"))
            dice = gr.Button(t("studio.random_seed"), min_width=140)
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
        model.input(self._choose_model, model, [model_note, width, height, scheduler], **QUIET)
        gr.on([prompt.change, model.change], self._unknown_words, [prompt, model], words, **QUIET)
        dice.click(lambda: SystemRandom().randint(0, HIGHEST_SEED), None, seed, **QUIET)

    def show(self) -> list[Any]:
        """What is on disk: the newest picture of the Studio, and the checks."""
        newest = self.lab.store().newest(STUDIO_RUN)
        return [*self.result.show(newest), self.page.checklist(self.exercise.id)]

    def _choose_model(self, model_id: str) -> list[Any]:
        """A model brings its own sizes and schedulers."""
        import gradio as gr

        entry = model_entry(model_id)
        side = gr.update(
            minimum=entry.minimum_size,
            maximum=entry.maximum_size,
            value=entry.native_size,
            step=entry.multiple,
        )
        schedulers = gr.update(choices=list(entry.schedulers), value=entry.schedulers[0])
        return [_model_note(self.page, model_id), side, side, schedulers]

    def _unknown_words(self, prompt: str, model_id: str) -> str:
        words = notes(prompt or "", model_id)
        return markup.note(self.page.t("generation.unknown_words", words=", ".join(words))) if words else ""

    def _tasks(self, *form: Any) -> list[Task]:
        *values, source = form
        asked = dict(zip(self.fields, values, strict=True))
        model = asked.pop("model")
        if asked["mode"] != "img2img" or not model_entry(model).takes_strength:
            asked["strength"] = None
        parameters = _parameters(self.page.t, asked)
        if parameters.mode == "img2img" and source is None:
            raise MissingPhoto(self.page.t("photo.missing"))
        request = request_for(parameters, model, source if parameters.mode == "img2img" else None)
        lab = self.lab
        start = partial(generate, lab.store(), lab.engine, self.exercise.id, STUDIO_RUN, request, model=model)
        return [Task(STUDIO_RUN, start)]

    def _recall(self, recalled: tuple[str, float]) -> list[Any]:
        """The parameters of the record named, as the form's values."""
        import gradio as gr

        record = self.lab.store().find(recalled[0])
        if record is None:
            return [gr.skip() for _ in range(len(self.fields) + len(self.photo.outputs) + 1)]
        request = record.manifest.request
        known = record.manifest.model.id in MODELS
        model = record.manifest.model.id if known else self.lab.settings.model
        _, width, height, scheduler = self._choose_model(model)
        values: dict[str, Any] = request.model_dump(exclude={"source"}) | {
            "model": model,
            "width": width | {"value": request.width},
            "height": height | {"value": request.height},
            "scheduler": scheduler | {"value": request.scheduler},
            "strength": gr.skip() if request.strength is None else request.strength,
        }
        photo = self.photo.show([record.manifest.run], request.source)
        shown = gr.update(visible=request.mode == "img2img")
        return [*(values[name] for name in self.fields), *photo, shown]


def _models(t: Translate) -> list[tuple[str, str]]:
    """Every model of the registry, those that cannot run here marked."""
    return [
        (entry.name if availability(entry.id).available else t("studio.not_here", name=entry.name), entry.id)
        for entry in MODELS.values()
    ]


def _model_note(page: Page, model_id: str) -> str:
    """Why a model cannot run here, and what to do; nothing where it can."""
    state = availability(model_id)
    return "" if state.available else markup.note(state.text(page.language))


def _parameters(t: Translate, asked: dict[str, Any]) -> Parameters:
    """The form's values within the bounds of `Parameters`. Raises BadParameters, which names the field."""
    whole = ("width", "height", "steps", "seed")
    values = {
        name: int(value) if name in whole and isinstance(value, float) and value.is_integer() else value
        for name, value in asked.items()
    }
    try:
        return Parameters.model_validate(values)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        raise BadParameters(
            t("studio.bad_value", field=t(f"parameter.{field}"), value=values[field])
        ) from error
