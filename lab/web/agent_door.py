"""The lab's tools for agents at `<prefix>mcp` (streamable HTTP), for use behind a gate.

The protocol's own server begins with the first request for it, so that a lab nobody asks that way carries
nothing of it. Each request stands alone: who may ask, the gate decides each time.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from exercises.i18n import preferred_language
from lab.session.lab import Lab

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "mcp"  # below the prefix


class AgentDoor:
    """ASGI middleware."""

    def __init__(self, app: "ASGIApp", lab: Lab, prefix: str) -> None:
        self.app, self._lab, self._address = app, lab, prefix + PATH
        self._server: Starlette | None = None
        self._running: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            try:
                await self.app(scope, receive, send)
            finally:
                await self._end()
        elif scope["type"] == "http" and scope["path"] == self._address:
            server = await self._started()
            await server({**scope, "path": f"/{PATH}", "root_path": ""}, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _started(self) -> "Starlette":
        async with self._starting:
            if self._server is None:
                from mcp.server.transport_security import TransportSecuritySettings

                from lab.agent.server import build_server

                tools = build_server(self._lab, preferred_language())
                # From which site a browser may ask, the gate has decided by the address that people see.
                security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
                server = tools.streamable_http_app(stateless_http=True, transport_security=security)
                ready = asyncio.Event()

                async def run() -> None:
                    async with tools.session_manager.run():
                        ready.set()
                        await asyncio.Event().wait()

                self._running = asyncio.create_task(run())
                await ready.wait()
                self._server = server
        return self._server

    async def _end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running
