"""Whether a model can run on this machine, and if not, what is missing and how to get it.

Light: this looks for files and libraries and never loads torch.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from exercises.i18n import Language, translator
from lab.models.a1111 import entries as a1111
from lab.models.a1111.settings import A1111Settings
from lab.models.comfyui import entries as comfyui
from lab.models.comfyui.settings import ComfyuiSettings
from lab.models.http import NoAnswer
from lab.models.offered import model_entry
from lab.models.weights import find_weights, has_gpu, memory_gib

AvailabilityCode = Literal[
    "ready",
    "missing_weights",
    "missing_gated_weights",
    "missing_bundled_weights",
    "missing_library",
    "too_large",
    "comfyui_unreachable",
    "comfyui_no_model",
    "a1111_unreachable",
    "a1111_no_model",
]


@dataclass(frozen=True)
class Availability:
    """Whether a model can run here. `code` is `ready`, or why not: a key of the texts' `[engine]`."""

    model: str
    code: AvailabilityCode
    folder: Path | None
    memory_gib: float
    library: str | None

    @property
    def available(self) -> bool:
        return self.code == "ready"

    @property
    def values(self) -> dict[str, str]:
        """What the text of `code` is filled in with."""
        return {
            "model": self.model,
            "memory": f"{self.memory_gib:g}",
            "library": self.library or "",
            "address": _address(self.model),
        }

    def text(self, language: Language) -> str:
        """The state, and how to get what is missing, for the person."""
        return translator("lab", language)(f"engine.{self.code}", **self.values)


def availability(model_id: str) -> Availability:
    """Look for the weights on this machine, without loading them. Raises UnknownModel."""
    entry = model_entry(model_id)
    if comfyui.is_comfyui(model_id):
        return Availability(entry.id, _at_comfyui(model_id), None, 0, None)
    if a1111.is_a1111(model_id):
        return Availability(entry.id, _at_a1111(model_id), None, 0, None)
    folder = find_weights(entry)
    if folder is None:
        code: AvailabilityCode = "missing_gated_weights" if entry.gated else "missing_weights"
        if entry.bundled:
            code = "missing_bundled_weights"
    elif entry.library and find_spec(entry.library) is None:
        code = "missing_library"
    elif not has_gpu() and entry.memory_gib > memory_gib():
        code = "too_large"
    else:
        code = "ready"
    return Availability(entry.id, code, folder, entry.memory_gib, entry.library)


def _at_comfyui(model_id: str) -> AvailabilityCode:
    """Whether the ComfyUI server has the model now."""
    try:
        return "ready" if comfyui.is_there(model_id) else "comfyui_no_model"
    except NoAnswer:
        return "comfyui_unreachable"


def _at_a1111(model_id: str) -> AvailabilityCode:
    """Whether the server with A1111's API has the model now."""
    try:
        return "ready" if a1111.is_there(model_id) else "a1111_no_model"
    except NoAnswer:
        return "a1111_unreachable"


def _address(model_id: str) -> str:
    """Where the server of a model is; nothing for one of this machine."""
    if comfyui.is_comfyui(model_id):
        return ComfyuiSettings().address
    return A1111Settings().address if a1111.is_a1111(model_id) else ""
