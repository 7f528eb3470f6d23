"""Which models there are: the image models that can run here, and the analyser.

Beside what OpenAI's list holds, each says what goes in and what comes out, and that it costs nothing, in the
fields OpenRouter uses for it.
"""

import time

from lab.endpoint.errors import ApiError
from lab.models.availability import availability
from lab.models.registry import MODELS, ModelEntry

ANALYSER = "analyser"
STARTED = int(time.time())
FREE = {"prompt": "0", "completion": "0", "image": "0", "request": "0"}


def drawing_models() -> list[ModelEntry]:
    """The models whose weights are on this machine and fit it."""
    return [entry for entry in MODELS.values() if availability(entry.id).available]


def model_list() -> list[dict[str, object]]:
    """What `/v1/models` answers."""
    drawn = [_model(entry.id, ["text", "image"], ["image"]) for entry in drawing_models()]
    return [*drawn, _model(ANALYSER, ["text", "image"], ["text"])]


def drawing_model(model: str) -> ModelEntry:
    """The image model of that name. Raises ApiError 404, which names what there is."""
    entry = next((entry for entry in drawing_models() if entry.id == model), None)
    if entry is None:
        raise _unknown(model, [entry.id for entry in drawing_models()])
    return entry


def check_analyser(model: str) -> None:
    """Raise ApiError 404 for any model but the one that looks at pictures."""
    if model != ANALYSER:
        raise _unknown(model, [ANALYSER])


def _model(name: str, takes: list[str], gives: list[str]) -> dict[str, object]:
    return {
        "id": name,
        "object": "model",
        "created": STARTED,
        "owned_by": "genai-lab",
        "architecture": {"input_modalities": takes, "output_modalities": gives},
        "pricing": FREE,
    }


def _unknown(model: str, models: list[str]) -> ApiError:
    return ApiError(404, "model_not_found", param="model", model=model[:100], models=", ".join(models))
