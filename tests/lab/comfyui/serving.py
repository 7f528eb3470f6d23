"""A bundled server on a port of its own, and graphs to send to it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.comfyui.server import comfyui_server
from lab.engine.protocol import Engine


@contextmanager
def served(engine: Engine, folder: Path, faults: "Faults | None" = None, port: int = 0) -> Iterator[str]:
    """The address of a server that draws with the engine; `faults` stand before its application."""
    answering = threading.Event()
    listener = socket.create_server(("127.0.0.1", port))
    server = comfyui_server(engine, folder, "127.0.0.1", ready=answering.set)
    if faults is not None:
        faults.app, server.config.app = server.config.app, faults
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert answering.wait(60)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


class Faults:
    """ASGI middleware with a switch for each fault. `said` is what was asked: method and path.

    `answers`: by the beginning of a path, a status and a body in its place; `dripping`: beginnings of paths
    whose answers never end; `no_websocket`: it is refused.
    """

    def __init__(self) -> None:
        self.app: Any = None
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.dripping: set[str] = set()
        self.no_websocket = False
        self.said: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket" and self.no_websocket:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            asked = f"{scope['method']} {scope['path']}"
            self.said.append(asked)
            for beginning in self.dripping:
                if asked.startswith(beginning):
                    await _drip(send)
                    return
            for beginning, (status, body) in self.answers.items():
                if asked.startswith(beginning):
                    await _whole(receive)
                    headers = [(b"content-type", b"application/json")]
                    await send({"type": "http.response.start", "status": status, "headers": headers})
                    await send({"type": "http.response.body", "body": body})
                    return
        await self.app(scope, receive, send)


async def _whole(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


async def _drip(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(600):
        await send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.sleep(0.05)


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
