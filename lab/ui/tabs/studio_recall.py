"""What the Studio's form takes over: a recalled record, what a picture's file says, a picture to begin with.

A recalled record opens as what it is: with its photo, and with its mask where it had one.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from exercises.kinds import Studio
from exercises.parameters import WITH_STRENGTH
from lab.models.offered import model_entry, models
from lab.session.lab import Lab
from lab.ui.html import markup
from lab.ui.page import Page
from lab.ui.tabs.photo import Photo
from lab.ui.tabs.studio_bounds import API, MODES
from manifests.manifest import ApiRequest
from manifests.store import Record


class Recalling(ABC):
    """That part of the Studio's tab; the tab itself says what choosing a model does to the form."""

    lab: Lab
    page: Page
    exercise: Studio
    fields: dict[str, Any]
    photo: Photo
    only_here: Sequence[Any]

    @abstractmethod
    def _choose_model(self, model_id: str) -> list[Any]:
        """Values for the form's fields that a model decides."""

    def _recall(self, recalled: tuple[str, float]) -> list[Any]:
        """The parameters of the record named, as the form's values."""
        import gradio as gr

        record = self.lab.store().find(recalled[0])
        if record is None:
            count = len(self.fields) + len(self.photo.outputs) + 3 + len(self.only_here)
            return [gr.skip() for _ in range(count)]
        request = record.manifest.request
        if isinstance(request, ApiRequest):
            return self._recall_api(record, request)
        known = record.manifest.model.id in models()
        model = record.manifest.model.id if known else self.lab.settings.model
        _, width, height, scheduler, *here = self._choose_model(model)
        values: dict[str, Any] = request.model_dump(exclude={"source", "mask", "between"}) | {
            "model": model,
            "mode": request.mode if request.mode in MODES else "text2img",
            "width": width | {"value": request.width},
            "height": height | {"value": request.height},
            "scheduler": scheduler | {"value": request.scheduler},
            "strength": gr.skip() if request.strength is None else request.strength,
        }
        begins = request.mode in WITH_STRENGTH
        photo = self.photo.show([record.manifest.run], request.source if begins else None)
        said = self._led_by_outlines() if request.mode == "control" else ""
        shown = gr.update(visible=begins)
        return [*(values[name] for name in self.fields), *here, request.mask, said, *photo, shown]

    def _led_by_outlines(self) -> str:
        """That the Studio draws without them, and which tab draws with them."""
        t = self.page.t
        tabs = [self.page.tab_of(each) for each in self.lab.assignment.exercises if each.kind == "outlines"]
        before, after = t("studio.to_outlines", link="\0").split("\0")
        links = [markup.note(before + markup.tab_link(*tab, tab[1]) + after) for tab in tabs[:1]]
        return markup.note(t("studio.by_outlines")) + Markup("").join(links)

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
        begins = gr.update(visible=request.mode in WITH_STRENGTH)
        return [*values.values(), *here, request.mask, "", *photo, begins]
