"""A bundled server on a port of its own, and graphs to send to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.comfyui.server import comfyui_server
from lab.engine.protocol import Engine


@contextmanager
def served(engine: Engine, folder: Path) -> Iterator[str]:
    """The address of a server that draws with the engine."""
    answering = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = comfyui_server(engine, folder, "127.0.0.1", ready=answering.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert answering.wait(60)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def graph(**sampler: Any) -> dict[str, Any]:
    """Seed 003's seven nodes, with changed values of the sampler."""
    return {
        "1": _node("CheckpointLoaderSimple", ckpt_name="mini.safetensors"),
        "2": _node("CLIPTextEncode", text="a red backpack", clip=["1", 1]),
        "3": _node("CLIPTextEncode", text="blurry", clip=["1", 1]),
        "4": _node("EmptyLatentImage", width=64, height=64, batch_size=1),
        "5": _node(
            "KSampler",
            **{
                "seed": 42,
                "steps": 4,
                "cfg": 7.0,
                "sampler_name": "euler_ancestral",
                "scheduler": "normal",
                "denoise": 1.0,
                "model": ["1", 0],
                "positive": ["2", 0],
                "negative": ["3", 0],
                "latent_image": ["4", 0],
            }
            | sampler,
        ),
        "6": _node("VAEDecode", samples=["5", 0], vae=["1", 2]),
        "7": _node("SaveImage", filename_prefix="Qwen_T2I_Cat", images=["6", 0]),
    }


def from_picture(name: str, **sampler: Any) -> dict[str, Any]:
    """Image to image: a loaded picture, encoded."""
    changed = graph(**({"latent_image": ["8", 0], "denoise": 0.5} | sampler))
    changed["4"] = _node("LoadImage", image=name)
    changed["8"] = _node("VAEEncode", pixels=["4", 0], vae=["1", 2])
    return changed


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}
