"""ASGI middleware before everything else: who asks, and whether that is too often.

What needs no person stands in OPEN: that by which receipts and credentials are checked, and a sign of life.
"""

import math
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from gateway.people import GatewayError, People, Person
from lab.endpoint.errors import ApiError, language_in, worded
from lab.endpoint.limits import EndpointLimits, Rate

if TYPE_CHECKING:
    from fastapi import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = frozenset({"/receipts/keys", "/marks/root.pem", "/health"})
PERSON = "genai_person"  # where a request's scope holds who asks
LONGEST_TOKEN = 4096


class PersonGate:
    """Answers 401, 429 and 503 itself. Each person has limits of their own."""

    def __init__(self, app: "ASGIApp", people: People, limits: EndpointLimits) -> None:
        self.app, self.people, self.limits = app, people, limits
        self._rates: dict[str, Rate] = {}
        self._under_way: dict[str, int] = {}

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "lifespan" or scope["path"] in OPEN:
            await self.app(scope, receive, send)
            return
        try:
            person = await self._admit(dict(scope["headers"]).get(b"authorization", b""))
        except ApiError as error:
            await worded(error, language_in(scope))(scope, receive, send)
            return
        self._under_way[person.name] = self._under_way.get(person.name, 0) + 1
        try:
            await self.app({**scope, PERSON: person}, receive, send)
        finally:
            self._under_way[person.name] -= 1
            if not self._under_way[person.name]:
                del self._under_way[person.name]

    async def _admit(self, authorization: bytes) -> Person:
        scheme, _, given = authorization.partition(b" ")
        token = given.strip()
        person = None
        if scheme.lower() in (b"bearer", b"token") and 0 < len(token) <= LONGEST_TOKEN and token.isascii():
            try:
                person = await run_in_threadpool(self.people.who, token.decode())
            except GatewayError as error:
                raise ApiError(503, "no_hub", headers={"Retry-After": "5"}) from error
        if person is None:
            raise ApiError(401, "invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
        if self._under_way.get(person.name, 0) >= self.limits.at_once:
            raise ApiError(429, "busy", headers={"Retry-After": "1"})
        rate = self._rates.setdefault(person.name, Rate(self.limits.per_minute))
        if wait := rate.take():
            seconds = math.ceil(wait)
            raise ApiError(429, "rate_limit_exceeded", headers={"Retry-After": str(seconds)}, seconds=seconds)
        return person


def person_of(request: "Request") -> Person:
    """Who asks; the gate let them in."""
    person: Person = request.scope[PERSON]
    return person
