"""The endpoint on a socket: alone (`genai-lab api`), or within the lab for the lab's own provider.

Within the lab it is a second listener, on this machine's loopback alone, at a free port, with a token for
this process: the lab's pages reach it like any other provider, below JupyterHub's gate and without. It is
opened when it is first asked for, so a lab that never asks has neither port nor thread.
"""

import logging
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.endpoint.limits import EndpointLimits
from lab.engine.protocol import Engine

log = logging.getLogger(__name__)

GRACE = 2  # seconds that answers under way get when it is closed
START = 60.0  # seconds in which a listener must have begun to answer
WITHIN_THE_LAB = EndpointLimits(per_minute=600)  # one person's pages, which the router bounds already


class ApiSettings(BaseSettings):
    """`GENAI_API_TOKEN`: the endpoint's bearer token; `GENAI_API_PORT`: its port, 0 for any free one."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_", env_file=".env", extra="ignore", populate_by_name=True
    )

    api_token: SecretStr | None = None
    api_port: int = Field(default=7870, ge=0, le=65535)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def serve_endpoint(
    server: socket.socket, token: str, engine: Engine, ready: Callable[[], None] = lambda: None
) -> None:
    """Answer on a bound socket until interrupted; closes the engine then."""
    _server(engine, token, EndpointLimits(), ready, closing=engine.close).run(sockets=[server])


@dataclass
class Loopback:
    """The lab's own endpoint. `url` ends in `/v1`; both it and `token` are those of this process alone."""

    engine: Engine
    token: str = field(default_factory=new_token, repr=False)
    limits: EndpointLimits = WITHIN_THE_LAB
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _server: Any = field(default=None, repr=False)
    _port: int = 0

    @property
    def url(self) -> str:
        """Where it answers; opens it first if it is not open. Raises OSError, TimeoutError."""
        with self._lock:
            if self._server is None:
                self._open()
        return f"http://127.0.0.1:{self._port}/v1"

    def close(self) -> None:
        """Stop answering; the engine is the lab's and goes on."""
        with self._lock:
            if self._server is not None:
                self._server.should_exit = True
                self._server = None

    def _open(self) -> None:
        answering = threading.Event()
        # With its protocol named, else asyncio leaves a delay of 40 ms in answers over open connections.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        server = _server(self.engine, self.token, self.limits, answering.set, closing=lambda: None)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="endpoint", daemon=True
        )
        thread.start()
        if not answering.wait(START):
            server.should_exit = True
            raise TimeoutError
        self._server, self._port = server, listener.getsockname()[1]


def _server(
    engine: Engine, token: str, limits: EndpointLimits, ready: Callable[[], None], closing: Callable[[], None]
) -> Any:
    """A uvicorn server that says when it answers."""
    import uvicorn

    from lab.endpoint.app import build_endpoint

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    app = build_endpoint(engine, token, limits, closing=closing)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
    return Server(config)
