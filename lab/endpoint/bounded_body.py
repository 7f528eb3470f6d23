"""ASGI middleware that reads a request's body before the application does, and never more than may come.

So no parser is given more than that, whether the client said how much it sends or not.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class ClientLeft(Exception):
    """The client left before its request was whole."""


class BoundedBody:
    """`refuse` makes the answer to a body of more than `most` bytes."""

    def __init__(self, app: "ASGIApp", most: int, refuse: Callable[["Scope"], "Response"]) -> None:
        self.app = app
        self.most = most
        self.refuse = refuse

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"")
        try:
            too_large = declared.isdigit() and int(declared[:20]) > self.most
            body = None if too_large else await self._read(receive)
        except ClientLeft:
            return
        if body is None:
            response = self.refuse(scope)
            response.headers["Connection"] = "close"  # what follows of the body is not read
            await response(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)

    async def _read(self, receive: "Receive") -> bytes | None:
        """The whole body; None if it is too large. Raises Left."""
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.most:
                return None
            more = message.get("more_body", False)
        return b"".join(parts)


def _replayed(body: bytes, receive: "Receive") -> "Receive":
    """The body as one message, and then what really comes: that the client left."""
    told = False

    async def replay() -> "Message":
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
