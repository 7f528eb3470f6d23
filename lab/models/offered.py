"""The models a student can choose: those of the registry, and those of the servers that are set up."""

from lab.models.a1111.entries import a1111_entries, a1111_entry, is_a1111
from lab.models.comfyui.entries import comfyui_entries, comfyui_entry, is_comfyui
from lab.models.registry import MODELS, ModelEntry, UnknownModel


def models() -> dict[str, ModelEntry]:
    """Every model by its id."""
    return MODELS | {entry.id: entry for entry in (*comfyui_entries(), *a1111_entries())}


def model_entry(model_id: str) -> ModelEntry:
    """The entry of that id. Raises UnknownModel, which names those there are."""
    entry = MODELS.get(model_id) or comfyui_entry(model_id) or a1111_entry(model_id)
    if entry is None:
        raise UnknownModel("engine.unknown_model", model=model_id, models=", ".join(models()))
    return entry


def is_elsewhere(model_id: str) -> bool:
    """Whether another server draws by this model: nothing of it is on this machine."""
    return is_comfyui(model_id) or is_a1111(model_id)
