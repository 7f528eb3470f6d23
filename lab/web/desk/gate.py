"""The desk's gate below a Hub: the lab's own, but that it lets in whoever has submissions to judge.

The Hub says who somebody is, as at a lab's gate; `Graders` says whose submissions they may see, for every
request anew. Who has none gets 403 at every address.
"""

from typing import TYPE_CHECKING

from grading.desk.visitor import let_in
from lab.web.desk.graders import Graders
from lab.web.singleuser.access import HubUnreachable, Person
from lab.web.singleuser.answers import refusal
from lab.web.singleuser.gate import Credentials, HubGate
from lab.web.singleuser.settings import HubServerSettings

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send


class DeskServiceSettings(HubServerSettings):
    """What the Hub tells a service that it starts: the same as a lab, but for whose it is."""

    user: str = ""


class GradersGate(HubGate):
    """ASGI middleware in front of the desks."""

    def __init__(self, app: "ASGIApp", settings: DeskServiceSettings, graders: Graders) -> None:
        super().__init__(app, settings, ("",), lambda: None)
        self._graders = graders

    async def _outcome(self, connection: "HTTPConnection") -> "Credentials | Response":
        if connection.scope["type"] != "http":  # the desk has no websockets
            return refusal(connection, 403, "no_grader", {}, name="–")
        if connection.scope["path"] == f"{self._prefix}api":  # where a lab says without a login that it is up
            return await self._asked(connection)
        return await super()._outcome(connection)

    async def _asked(self, connection: "HTTPConnection") -> "Credentials | Response":
        try:
            return await self._admitted(connection)
        except HubUnreachable:
            return self._unreachable(connection)

    def _visit(
        self, connection: "HTTPConnection", credentials: Credentials, person: Person
    ) -> "Credentials | Response":
        return credentials  # nobody's own

    def _foreign(self, connection: "HTTPConnection", person: Person) -> "Response":
        links = {"home": f"{self._settings.hub_url}home"}
        return refusal(connection, 403, "no_grader", links, name=person.name)

    def _unreachable(self, connection: "HTTPConnection") -> "Response":
        return refusal(connection, 503, "unreachable", {"again": self._prefix})

    async def _pass(self, credentials: Credentials, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.requests import HTTPConnection

        connection = HTTPConnection(scope)
        try:
            visitor = await self._graders.visitor(credentials.name)
        except HubUnreachable:
            await self._unreachable(connection)(scope, receive, send)
            return
        if visitor is None:
            await self._foreign(connection, Person(credentials.name, False))(scope, receive, send)
            return
        await super()._pass(credentials, dict(let_in(scope, visitor)), receive, send)
