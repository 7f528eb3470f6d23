"""ASGI middleware before everything else: who may ask, and how often.

The token is compared in constant time and never logged.
"""

import hmac
import math
from typing import TYPE_CHECKING

from lab.endpoint.errors import ApiError, language_in, worded
from lab.endpoint.limits import EndpointLimits, Rate

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class TokenGate:
    """Answers 401 and 429 itself; websockets are not spoken here."""

    def __init__(self, app: "ASGIApp", token: str, limits: EndpointLimits) -> None:
        self.app = app
        self.token = token.encode()
        self.limits = limits
        self.rate = Rate(limits.per_minute)
        self.under_way = 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            self._admit(dict(scope["headers"]).get(b"authorization", b""))
        except ApiError as error:
            await worded(error, language_in(scope))(scope, receive, send)
            return
        self.under_way += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.under_way -= 1

    def _admit(self, authorization: bytes) -> None:
        scheme, _, given = authorization.partition(b" ")
        known = hmac.compare_digest(given.strip(), self.token)
        if scheme.lower() != b"bearer" or not known:
            raise ApiError(401, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        if self.under_way >= self.limits.at_once:
            raise ApiError(429, "busy", headers={"Retry-After": "1"})
        if wait := self.rate.take():
            seconds = math.ceil(wait)
            raise ApiError(429, "rate_limit_exceeded", headers={"Retry-After": str(seconds)}, seconds=seconds)
