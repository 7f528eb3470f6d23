"""The websockets of the bundled server's clients: each has a short queue of its own.

Rule: no client holds up another or the drawing: one that reads too slowly misses previews first, then is
closed. At most MOST are open; a client that comes again under its id takes its own place.
"""

import asyncio
import contextlib
import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from fastapi import WebSocket

MOST = 32
LONGEST_ID = 100
BEHIND = 200  # messages that wait for a client; half of them without previews
PREVIEW_IMAGE, JPEG = 1, 1  # ComfyUI's numbers of binary messages and formats
TRY_AGAIN_LATER = 1013


@dataclass(eq=False)
class Client:
    id: str
    waiting: "asyncio.Queue[str | bytes]" = field(default_factory=lambda: asyncio.Queue(BEHIND))
    closing: asyncio.Event = field(default_factory=asyncio.Event)


class Sockets:
    """All clients that listen. `send` and `preview` may be called from any thread."""

    def __init__(self, most_upload: int) -> None:
        self._clients: dict[str, Client] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._features = {"supports_preview_metadata": False, "max_upload_size": most_upload}

    def opened(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def send(self, kind: str, data: dict[str, Any], to: str | None = None) -> None:
        """Send a message to one client, or to all."""
        self._later(json.dumps({"type": kind, "data": data}), to)

    def preview(self, jpeg: bytes, to: str | None) -> None:
        self._later(struct.pack(">II", PREVIEW_IMAGE, JPEG) + jpeg, to)

    def _later(self, message: str | bytes, to: str | None) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the server is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._put, message, to)

    def _put(self, message: str | bytes, to: str | None) -> None:
        wanted = list(self._clients.values()) if to is None else [self._clients.get(to)]
        for client in wanted:
            if client is None:
                continue
            if isinstance(message, bytes) and client.waiting.qsize() > BEHIND // 2:
                continue
            try:
                client.waiting.put_nowait(message)
            except asyncio.QueueFull:
                client.closing.set()

    async def serve(self, websocket: "WebSocket", client_id: str, status: dict[str, Any]) -> None:
        """Everything of one client, until it leaves."""
        from starlette.websockets import WebSocketDisconnect

        client = Client(client_id[:LONGEST_ID] or uuid4().hex)
        if client.id in self._clients:
            self._clients.pop(client.id).closing.set()
        if len(self._clients) >= MOST:
            await websocket.close(TRY_AGAIN_LATER)
            return
        await websocket.accept()
        self._clients[client.id] = client
        client.waiting.put_nowait(
            json.dumps({"type": "status", "data": {"status": status, "sid": client.id}})
        )
        tasks = [
            asyncio.create_task(each)
            for each in (
                self._write(websocket, client),
                self._read(websocket, client),
                client.closing.wait(),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._clients.get(client.id) is client:
                del self._clients[client.id]
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close()

    async def _write(self, websocket: "WebSocket", client: Client) -> None:
        while True:
            message = await client.waiting.get()
            if isinstance(message, bytes):
                await websocket.send_bytes(message)
            else:
                await websocket.send_text(message)

    async def _read(self, websocket: "WebSocket", client: Client) -> None:
        """What clients say is not needed; one that tells its features is told ours."""
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                told = json.loads(message.get("text") or "")
            except (ValueError, RecursionError):
                continue
            if isinstance(told, dict) and told.get("type") == "feature_flags":
                answer = {"type": "feature_flags", "data": self._features}
                with contextlib.suppress(asyncio.QueueFull):
                    client.waiting.put_nowait(json.dumps(answer))
