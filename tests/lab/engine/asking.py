"""Requests for tests, and the events they lead to."""

import io
from typing import Any

import numpy as np
from PIL import Image

from lab.engine.inputs import Inputs
from lab.engine.protocol import Done, Engine, Event, Failed, Picture
from manifests.manifest import Request

JUST_AS_GOOD = 60  # dB: a difference that nobody sees; one of 255 in every number is 48

DEFAULTS: dict[str, Any] = {
    "mode": "text2img",
    "prompt": "a red backpack on a gray background",
    "negative_prompt": "",
    "width": 64,
    "height": 64,
    "steps": 6,
    "guidance_scale": 7.5,
    "scheduler": "EulerA",
    "seed": 42,
    "strength": None,
    "source": None,
}


def asked(**changes: Any) -> Request:
    """A request that may also be one which the manifest's own bounds would refuse."""
    return Request.model_construct(**(DEFAULTS | changes))


def photo(width: int = 90, height: int = 70) -> bytes:
    """A PNG of noise, the same each time."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def last_event(engine: Engine, request: Request, **options: Any) -> Event:
    inputs = Inputs(options.pop("source", None), options.pop("mask", None), options.pop("adapters", ()))
    *_, last = engine.submit(request, model=options.pop("model", "mini"), inputs=inputs, **options).events()
    return last


def made(engine: Engine, request: Request, **options: Any) -> Picture:
    last = last_event(engine, request, **options)
    assert isinstance(last, Done), last
    return last.picture


def failure(engine: Engine, request: Request, **options: Any) -> Failed:
    last = last_event(engine, request, **options)
    assert isinstance(last, Failed), last
    return last


def likeness(one: Picture, other: object) -> float:
    """Peak signal to noise ratio in dB; infinite where they are equal."""
    assert isinstance(other, Picture), other
    difference = np.asarray(one.image, float) - np.asarray(other.image, float)
    error = float(np.square(difference).mean())
    return 10 * np.log10(255**2 / error) if error else float("inf")
