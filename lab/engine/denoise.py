"""One run of a loaded model: fresh generator, fresh scheduler, one pipeline call, all facts kept.

All randomness comes from one CPU generator seeded per run. torch draws a CPU generator's normal
numbers in float32 and rounds them to the dtype asked for, so the initial latents of a seed are the
same on every device and in every dtype. The order of draws is the pipeline's own (the VAE's sample,
the noise, then each ancestral step), so a plain diffusers script with that seed gives these pixels.
"""

import copy
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from PIL import Image

from lab.engine.between import on_the_way
from lab.engine.control import led_pipeline
from lab.engine.failures import EngineFailure
from lab.engine.fair_queue import cost_of_step
from lab.engine.pipelines import LoadedModel
from lab.engine.previews import Previewer
from lab.engine.protocol import Picture, Step
from lab.engine.requests import call_arguments
from lab.engine.schedulers import fresh_scheduler, noise_scale
from lab.engine.together import Seat
from manifests.draft import Drawn
from manifests.manifest import Model, Request, Versions

PREVIEWS = 8  # at most so many in a run


class Stopped(Exception):
    """The person stopped the run; what there was of a picture is dropped."""


@dataclass
class Watch:
    """Called by the pipeline after each step: reports it, keeps film frames, and stops when asked."""

    stop_asked: Callable[[], bool]
    report: Callable[[Step], None]
    previewer: Previewer
    film: int
    began: float
    last_step: Callable[[], None] = lambda: None  # told when no more calls of the UNet will come
    done: int = 0
    kept: list[Any] | None = None

    def __call__(self, pipe: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if self.stop_asked():
            raise Stopped
        self.done = step + 1
        steps = pipe.num_timesteps
        if self.done == steps:
            self.last_step()
        elapsed = time.monotonic() - self.began
        latents = tensors["latents"] / noise_scale(pipe.scheduler)
        if self.kept is not None and step in _even_indexes(steps, self.film):
            self.kept.append(latents)
        due = step in _even_indexes(steps, PREVIEWS) and self.done < steps
        self.report(
            Step(
                step=self.done,
                steps=steps,
                seconds=elapsed,
                remaining=elapsed / self.done * (steps - self.done),
                preview=self.previewer.preview(latents) if due else None,
            )
        )
        return {}


def _even_indexes(steps: int, wanted: int) -> set[int]:
    """`wanted` step indexes from the first to the last, evenly apart (all if there are fewer)."""
    if wanted <= 1:
        return {steps - 1}
    return {round(i * (steps - 1) / (wanted - 1)) for i in range(wanted)}


def make_picture(
    model: LoadedModel,
    request: Request,
    source: Image.Image | None,
    film: int,
    stop_asked: Callable[[], bool],
    report: Callable[[Step], None],
    student: str = "",
    mask: Image.Image | None = None,
) -> Picture:
    """Run the request. `source` and `mask` are of the request's size. Raises Stopped, EngineFailure."""
    import torch

    if stop_asked():
        raise Stopped
    with model.lock:
        _warm_up(model, request, source, mask)
        pipe, arguments = _prepared(model, request, source, mask)
        preparing, model.preparing = model.preparing, 0.0
    if stop_asked():
        raise Stopped
    began = time.monotonic()
    watch = Watch(stop_asked, report, model.previewer, film, began, kept=[] if film else None)
    meeting = model.meeting
    place = meeting.seat(student, cost_of_step(request)) if meeting else nullcontext(Seat())
    try:
        with torch.inference_mode(), place as seat:
            if meeting:
                watch.last_step = lambda: meeting.leave(seat)
            output = pipe(
                **arguments,
                callback_on_step_end=watch,
            )
    finally:
        pipe.maybe_free_model_hooks()  # also after a stop, which skips the pipeline's own call
    if stop_asked():
        raise Stopped
    if any(getattr(output, "nsfw_content_detected", None) or ()):
        raise EngineFailure("filtered", model=model.entry.name)
    seconds = time.monotonic() - began - seat.waited
    frames = [frame for latents in watch.kept or () if (frame := model.previewer.frame(latents))]
    drawn = Drawn(
        request=request,
        effective_steps=watch.done,
        model=Model(
            id=model.entry.id,
            repository=model.entry.repository,
            revision=model.entry.revision,
            weights_sha256=model.weights_sha256,
            controlnet_sha256=model.controlnet_sha256 if request.mode == "control" else None,
        ),
        versions=versions(),
        device=model.device_name,
        dtype=model.dtype,
        seconds=seconds,
        batch_size=seat.size,
        batch_index=seat.place,
        loading_seconds=preparing or None,
    )
    image = output.images[0]
    if request.mask is not None and request.mask.padding is None:  # else the pipeline has done it
        image = pipe.image_processor.apply_overlay(mask, source, image)
    return Picture(image.convert("RGB"), drawn, frames)


def _prepared(
    model: LoadedModel, request: Request, source: Image.Image | None, mask: Image.Image | None
) -> tuple[Any, dict[str, Any]]:
    """A pipeline of this run's own, with a fresh scheduler, over the model's parts; and its arguments."""
    import torch

    pipe = copy.copy(led_pipeline(model) if request.mode == "control" else model.pipelines[request.mode])
    pipe.scheduler = fresh_scheduler(request.scheduler, model.own_scheduler)
    arguments = model.prompts.encoded(pipe, call_arguments(model.entry, request))
    arguments["generator"] = torch.Generator("cpu").manual_seed(request.seed)
    if source is not None:
        arguments["image"] = source
    if mask is not None:
        arguments["mask_image"] = mask
    if request.between is not None:
        other = {**call_arguments(model.entry, request), "prompt": request.between.prompt}
        arguments |= on_the_way(pipe, request, arguments, model.prompts.encoded(pipe, other))
    return pipe, arguments


def _warm_up(
    model: LoadedModel, request: Request, source: Image.Image | None, mask: Image.Image | None
) -> None:
    """Draw one step of a picture of this shape, if none was drawn yet: a first one pays for all others.

    It has libraries loaded, memory laid out and kernels chosen for the shape; without it the first of two
    runs would seem slower than the second, whatever they ask for. Its time is counted as loading.
    """
    shape = (request.mode, request.width, request.height, request.guidance_scale > 1)
    if shape in model.warm:
        return
    began = time.monotonic()
    step = {"steps": 1, "strength": 1.0} if request.strength is not None else {"steps": 1}
    pipe, arguments = _prepared(model, request.model_copy(update=step), source, mask)
    import torch

    try:
        with torch.inference_mode():
            pipe(**arguments)
    finally:
        pipe.maybe_free_model_hooks()
    model.warm.add(shape)
    model.preparing += time.monotonic() - began


@cache
def versions() -> Versions:
    """The versions that decide over pixels."""
    return Versions(
        python=platform.python_version(),
        torch=version("torch"),
        diffusers=version("diffusers"),
        transformers=version("transformers"),
        genai_lab=version("genai-lab"),
    )
