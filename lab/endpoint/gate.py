"""ASGI middleware before everything else: who may ask, how often, and how much may be sent.

It reads the whole body, up to its limit, before the application sees the request: no parser is ever given
more. The token is compared in constant time and never logged.
"""

import hmac
import math
from typing import TYPE_CHECKING

from exercises.i18n import nearest_language
from lab.endpoint.errors import ApiError, worded
from lab.endpoint.limits import Limits, Rate

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Left(Exception):
    """The client left before its request was whole."""


class Gate:
    """Answers 401, 429 and 413 itself; websockets are not spoken here."""

    def __init__(self, app: "ASGIApp", token: str, limits: Limits) -> None:
        self.app = app
        self.token = token.encode()
        self.limits = limits
        self.rate = Rate(limits.per_minute)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        try:
            self._admit(headers.get(b"authorization", b""))
            body = await self._body(headers.get(b"content-length", b""), receive)
        except Left:
            return
        except ApiError as error:
            language = nearest_language(headers.get(b"accept-language", b"").decode("latin-1"))
            error.headers["Connection"] = "close"  # what follows of the body is not read
            await worded(error, language)(scope, receive, send)
            return
        await self.app(scope, _replayed(body, receive), send)

    def _admit(self, authorization: bytes) -> None:
        scheme, _, given = authorization.partition(b" ")
        known = hmac.compare_digest(given.strip(), self.token)
        if scheme.lower() != b"bearer" or not known:
            raise ApiError(401, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        if wait := self.rate.take():
            seconds = math.ceil(wait)
            raise ApiError(429, "rate_limit_exceeded", headers={"Retry-After": str(seconds)}, seconds=seconds)

    async def _body(self, declared: bytes, receive: "Receive") -> bytes:
        most = self.limits.body_bytes
        too_large = ApiError(413, "too_large", mib=most // 2**20)
        if declared.isdigit() and int(declared) > most:
            raise too_large
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Left
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise too_large
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
