"""ASGI middleware against a race in Gradio 6.31 that would leave a page waiting for ever.

The server closes a page's event stream (`/queue/data`) as soon as none of its events is pending. An event
that the page sends in that very moment is accepted (`/queue/join`) while the page still believes in the old
stream: it opens no new one, and never hears what became of the event. So the acceptance is held back until
the page has seen the close, and opens a stream again.
"""

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SEEN = 1.0  # seconds within which a page, even on a busy machine, has read that its stream was closed


class AcceptAfterClose:
    def __init__(self, app: "ASGIApp", seen: float = SEEN) -> None:
        self.app = app
        self.seen = seen
        self._closed = float("-inf")  # when a stream was last closed, of whichever page

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        path: str = scope.get("path", "")

        async def watch(message: "Message") -> None:
            if b'"close_stream"' in message.get("body", b""):
                self._closed = time.monotonic()
            await send(message)

        async def hold(message: "Message") -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(max(0.0, self._closed + self.seen - time.monotonic()))
            await send(message)

        if path.endswith("/queue/data"):
            await self.app(scope, receive, watch)
        elif path.endswith("/queue/join"):
            await self.app(scope, receive, hold)
        else:
            await self.app(scope, receive, send)
