"""The models a student can choose: those of the registry, and those of the ComfyUI server that is set up."""

from lab.models.comfyui.entries import comfyui_entries, comfyui_entry
from lab.models.registry import MODELS, ModelEntry, UnknownModel


def models() -> dict[str, ModelEntry]:
    """Every model by its id."""
    return MODELS | {entry.id: entry for entry in comfyui_entries()}


def model_entry(model_id: str) -> ModelEntry:
    """The entry of that id. Raises UnknownModel, which names those there are."""
    entry = MODELS.get(model_id) or comfyui_entry(model_id)
    if entry is None:
        raise UnknownModel("engine.unknown_model", model=model_id, models=", ".join(models()))
    return entry
