"""What a request means for a model: whether it can be done, and the arguments diffusers gets for it.

The local engine and the printed script take their arguments from here, so they ask for the same.
"""

from collections.abc import Mapping

from exercises.parameters import (
    FROM_SOURCE,
    SAFE_STEPS,
    SCHEDULERS,
    WITH_STRENGTH,
    Parameters,
    safe_sides,
    side_of,
)
from lab.engine.adapters import check_adapters
from lab.engine.failures import EngineFailure
from lab.engine.inputs import NOTHING, Inputs
from lab.models.offered import model_entry
from lab.models.registry import ModelEntry
from manifests.manifest import Mask, Request, Source

HIGHEST_SEED = 2**32 - 1
MOST_STEPS = 150

Argument = str | int | float | None


def request_for(
    parameters: Parameters, model: str, source: Source | None = None, mask: Mask | None = None
) -> Request:
    """The request for a run's parameters: sides become those of the model. Raises UnknownModel."""
    native = model_entry(model).native_size
    values = parameters.model_dump()
    for side in ("width", "height"):
        values[side] = side_of(values[side], native)
    return Request(
        **values,
        source=source if parameters.mode in FROM_SOURCE else None,
        mask=mask if parameters.mode == "inpaint" else None,
    )


def smaller_request(request: Request, model: str) -> Request | None:
    """The same, smaller and in fewer steps, for a model whose memory ran out; None where it is small already.

    Raises UnknownModel.
    """
    if request.mask is not None:  # which is of that size
        return None
    entry = model_entry(model)
    for side in safe_sides(entry.native_size):
        side = max(side, entry.minimum_size)
        if side * side < request.width * request.height:
            steps = min(request.steps, SAFE_STEPS)
            return request.model_copy(update={"width": side, "height": side, "steps": steps})
    return None


def check_request(entry: ModelEntry, request: Request, inputs: Inputs = NOTHING) -> None:
    """Raise EngineFailure if the model cannot do this; nothing has been loaded yet."""
    if request.mode not in entry.modes:
        raise EngineFailure("unsupported_mode", model=entry.name, mode=request.mode)
    if request.scheduler not in SCHEDULERS:
        raise EngineFailure("unknown_scheduler", scheduler=request.scheduler, allowed=", ".join(SCHEDULERS))
    if request.scheduler not in entry.schedulers:
        allowed = ", ".join(entry.schedulers)
        raise EngineFailure(
            "unsupported_scheduler", model=entry.name, scheduler=request.scheduler, allowed=allowed
        )
    if not 0 <= request.seed <= HIGHEST_SEED:
        raise EngineFailure("bad_seed", seed=request.seed, highest=HIGHEST_SEED)
    if not 1 <= request.steps <= MOST_STEPS:
        raise EngineFailure("bad_steps", steps=request.steps, most=MOST_STEPS)
    for side in (request.width, request.height):
        if side % entry.multiple or not entry.minimum_size <= side <= entry.maximum_size:
            raise EngineFailure(
                "bad_size",
                model=entry.name,
                width=request.width,
                height=request.height,
                multiple=entry.multiple,
                minimum=entry.minimum_size,
                maximum=entry.maximum_size,
            )
    if request.mode in FROM_SOURCE:
        _check_source(entry, request, inputs.source)
    if request.mode == "inpaint" and inputs.mask is None:
        raise EngineFailure("no_mask")
    if request.between is not None:
        _check_between(entry, request)
    check_adapters(entry, request, inputs)


def control_scale(request: Request) -> float:
    """How much the outlines lead: fully where nothing is said."""
    return 1.0 if request.control_scale is None else request.control_scale


def _check_between(entry: ModelEntry, request: Request) -> None:
    if request.mode != "text2img" or entry.family != "sd":
        raise EngineFailure("no_between", model=entry.name)
    if request.scheduler == "EulerA" and request.between and request.between.seed != request.seed:
        raise EngineFailure("between_noise")


def _check_source(entry: ModelEntry, request: Request, source: bytes | None) -> None:
    if source is None:
        raise EngineFailure("no_source")
    if request.mode not in WITH_STRENGTH:
        return
    if not entry.takes_strength:
        if request.strength is not None:
            raise EngineFailure("no_strength", model=entry.name)
        return
    if request.strength is None or not 0 < request.strength <= 1:
        raise EngineFailure("bad_strength", strength=str(request.strength))
    if int(request.steps * request.strength) < 1:
        raise EngineFailure("no_step_left", steps=request.steps, strength=request.strength)


def call_arguments(entry: ModelEntry, request: Request) -> Mapping[str, Argument]:
    """The pipeline call's keyword arguments, without generator and source picture.

    At guidance 1 or below the pipelines make no unconditional pass. FLUX.1 schnell has no guidance
    to give: it was distilled without. An empty negative prompt is left out, as a plain call does,
    except where guidance needs one to be named.
    """
    arguments: dict[str, Argument] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance_scale,
    }
    if entry.family == "flux":
        del arguments["negative_prompt"]
    if entry.family == "qwen-edit":
        del arguments["guidance_scale"]
        arguments["true_cfg_scale"] = request.guidance_scale
        arguments["negative_prompt"] = request.negative_prompt or " "
    if request.mode in WITH_STRENGTH and entry.takes_strength:
        arguments["strength"] = request.strength
    if request.mode == "control":
        arguments["controlnet_conditioning_scale"] = control_scale(request)
    if request.mask is not None:
        arguments["padding_mask_crop"] = request.mask.padding
    if request.mode != "img2img" or entry.family not in ("sd", "sdxl"):  # those two take the source's size
        arguments["height"] = request.height
        arguments["width"] = request.width
    return {name: value for name, value in arguments.items() if value is not None}
