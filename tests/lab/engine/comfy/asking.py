"""Requests to a ComfyUI server, and how they end."""

import time
from typing import Any

import httpx2

from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.inputs import Inputs
from lab.engine.protocol import Event, Failed
from manifests.manifest import Request, Source

MODEL = "comfy:mini.safetensors"
GIVEN = Source(file="photo.png", sha256="0" * 64)


def request(**changes: Any) -> Request:
    asked: dict[str, Any] = {
        "mode": "text2img",
        "prompt": "a red backpack",
        "negative_prompt": "blurry",
        "width": 64,
        "height": 64,
        "steps": 4,
        "guidance_scale": 7.0,
        "scheduler": "EulerA",
        "seed": 42,
    }
    return Request(**(asked | changes))


def events(engine: ComfyuiEngine, wanted: Request, source: bytes | None = None) -> list[Event]:
    return list(engine.submit(wanted, model=MODEL, inputs=Inputs(source)).events())


def failure(engine: ComfyuiEngine, wanted: Request | None = None, source: bytes | None = None) -> Failed:
    last = events(engine, wanted or request(), source)[-1]
    assert isinstance(last, Failed), last
    for language in ("en", "fr"):
        assert last.text(language)  # every value that the text needs is there
    return last


def queue_is_clean(address: str) -> bool:
    """Whether soon nothing waits or runs at the server."""
    for _ in range(100):
        if httpx2.get(f"{address}/prompt").json()["exec_info"]["queue_remaining"] == 0:
            return True
        time.sleep(0.05)
    return False
