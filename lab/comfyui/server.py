"""The bundled ComfyUI server on a socket, until it is interrupted."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.engine.local import LocalEngine

GRACE = 2  # seconds that answers under way get when it is closed
MOST_SAID = 64 * 1024  # bytes of one message of a client's websocket
MOST_CONNECTIONS = 96  # at once, websockets among them: each may have a picture in memory


def serve_comfyui(
    listener: socket.socket, host: str, folder: Path, ready: Callable[[], None] = lambda: None
) -> None:
    """Answer on a bound socket until interrupted; the engine is this process's own."""
    engine = LocalEngine()
    comfyui_server(engine, folder, host, free=engine.unload, closing=engine.close, ready=ready).run(
        sockets=[listener]
    )


def comfyui_server(
    engine: Any,
    folder: Path,
    host: str,
    *,
    free: Callable[[], None] = lambda: None,
    closing: Callable[[], None] = lambda: None,
    ready: Callable[[], None] = lambda: None,
) -> Any:
    """A uvicorn server that says when it answers."""
    import uvicorn

    from lab.comfyui.app import build_comfyui

    class Answering(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    app = build_comfyui(engine, folder, host=host, free=free, closing=closing)
    return Answering(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=GRACE,
            ws="websockets-sansio",
            ws_max_size=MOST_SAID,
            limit_concurrency=MOST_CONNECTIONS,
        )
    )
