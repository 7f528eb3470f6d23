"""Starts the lab: it holds the address before anything slow is done, builds the lab, then serves it."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from exercises.errors import CatalogueError, SystemReason
from lab.session.opening import open_lab
from lab.session.settings import LabSettings
from lab.ui.gradio_patches import import_gradio
from lab.web.singleuser.settings import hub_server_settings
from manifests.settings import WorkSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE = 2  # seconds that open pages get when the lab is closed


class CannotServe(CatalogueError):
    """The lab cannot listen where it was told to, or cannot ask the Hub that started it."""

    package = "lab"


class OpenPagesAreNoErrors(logging.Filter):
    """Leaves out of the log that pages were open when the lab was closed, which the server calls an error."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        cut_off = isinstance(error, asyncio.CancelledError)
        return not cut_off and "timeout graceful shutdown exceeded" not in record.getMessage()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 takes a free one. Raises CannotServe.

    Who started this process may hand over an open socket instead, in systemd's way, as
    `hub.spawners.slurm` does.
    """
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=3)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Without its protocol asyncio leaves a delay of 40 ms in answers over a connection that stays open.
    server = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
    except OSError as error:
        server.close()
        raise CannotServe("serve.address", host=host, port=port, reason=SystemReason(error)) from error
    return server


def address(server: socket.socket, prefix: str) -> str:
    """The lab's address as a person opens it."""
    host, port = server.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{prefix}/"


def server_settings(**asked: Any) -> LabSettings:
    """The settings; below a Hub it decides where the lab listens, unless something else is asked for."""
    hub = hub_server_settings()
    told: dict[str, Any] = (
        {"host": hub.listen_host, "port": hub.listen_port, "prefix": hub.service_prefix} if hub else {}
    )
    return LabSettings(**(told | asked))


def serve(settings: LabSettings, work: WorkSettings, ready: Callable[[str], None]) -> None:
    """Serve until interrupted; `ready` is told the address once the page can be opened."""
    hub = hub_server_settings()
    if hub is not None and find_spec("jupyterhub") is None:
        raise CannotServe("serve.no_jupyterhub")
    server = listen(settings.host, settings.port)
    lab = open_lab(settings, work)

    import uvicorn

    import_gradio()
    from lab.web.app import build_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(address(server, settings.prefix))

    app: ASGIApp = build_app(lab)
    if hub is not None:
        from lab.web.singleuser.server import below_hub

        app = below_hub(app, lab, hub)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
    logging.getLogger("uvicorn.error").addFilter(OpenPagesAreNoErrors())
    Server(config).run(sockets=[server])
