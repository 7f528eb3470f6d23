"""The gate around the whole application: it lets in only those whom the Hub lets in.

ASGI, outside every other middleware, so that a route which is added tomorrow, by us or by Gradio, is
behind it by itself. Open are the two addresses the Hub needs: `<prefix>api`, which says that the lab
is up, and the OAuth callback. People come with a cookie of the lab's own, programs with a token of the
Hub's in `Authorization`; neither is passed on to the application.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlencode, urlsplit

from jupyterhub._version import __version__ as jupyterhub_version  # type: ignore[import-untyped]
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from lab.web.origin import READING, is_cross_site, scheme
from lab.web.singleuser.access import Access, HubUnreachable, Person, hub_oauth
from lab.web.singleuser.answers import is_page, refusal
from lab.web.singleuser.logins import LoginRefused, Logins, Sessions, safe_redirect
from lab.web.singleuser.settings import HubServerSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HUB_SESSION = "jupyterhub-session-id"  # the Hub's own, for all its servers; gone after logging out there
POLICY_VIOLATION = 1008  # of websockets
VISIT = "visit"  # the address, below the prefix, to which one says that one wants to be in somebody's lab


@dataclass(frozen=True)
class Credentials:
    """What a request came with; `session` is the cookie's value, empty for a token in a header. `name` is
    whose they are, once the Hub has said it."""

    token: str
    hub_session: str = ""
    session: str = ""
    name: str = ""


class HubGate:
    """ASGI middleware that lets in whom the Hub lets in.

    `page_paths` are the paths of the pages, below the prefix, which another site may link to; `interaction`
    is called at every event that a person caused. What lies below `own_path` is for the student's own browser
    alone: what a student writes there is code in the browser that shows it.
    """

    def __init__(
        self,
        app: "ASGIApp",
        settings: HubServerSettings,
        page_paths: Sequence[str],
        interaction: Callable[[], None],
        own_path: str | None = None,
    ) -> None:
        self.app = app
        self._settings = settings
        self._auth = hub_oauth(settings)
        self._access = Access(self._auth)
        self._logins = Logins()
        self._sessions = Sessions()
        self._interaction = interaction
        self._prefix = settings.service_prefix
        self._callback_path = urlsplit(settings.oauth_callback_url).path
        self._own = None if own_path is None else self._prefix + own_path
        self._doors = frozenset(self._prefix + door for door in page_paths) | {self._prefix.rstrip("/")}

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope = {**scope, "path": self._encoded(scope["path"])}
        connection = HTTPConnection(scope)
        answer = self._with_headers(send) if scope["type"] == "http" else send
        outcome = await self._outcome(connection)
        if isinstance(outcome, Credentials):
            if outcome.session and _is_interaction(scope):
                self._interaction()
            await self._pass(outcome, _without_credentials(scope, self._auth.cookie_name), receive, answer)
        else:
            await outcome(scope, receive, answer)  # a websocket is denied with the same answer

    def _encoded(self, path: str) -> str:
        """Names with accents are encoded in the prefix, as in links; ASGI has decoded them in the path."""
        plain = unquote(self._prefix)
        return self._prefix + path.removeprefix(plain) if path.startswith(plain) else path

    async def _outcome(self, connection: HTTPConnection) -> Credentials | Response:
        path, method = connection.scope["path"], connection.scope.get("method")
        if method == "GET" and path == f"{self._prefix}api":
            return JSONResponse({"version": jupyterhub_version})
        if method == "GET" and path == self._callback_path:
            return await self._finish_login(Request(connection.scope))
        try:
            return await self._admitted(connection)
        except HubUnreachable:
            return refusal(connection, 503, "unreachable", {"again": self._prefix})

    async def _admitted(self, connection: HTTPConnection) -> Credentials | Response:
        """The credentials of a request that may pass, or the answer to one that may not."""
        credentials = self._credentials(connection)
        person = await self._person(credentials) if credentials else None
        if credentials is None or person is None:
            if is_page(connection):
                return self._start_login(connection)
            return refusal(connection, 401, "login", {})
        if not person.allowed:
            return self._foreign(connection, person)
        credentials = replace(credentials, name=person.name)
        if credentials.session and is_cross_site(connection, self._doors, self._settings.public_url):
            return refusal(connection, 403, "elsewhere", {"open": self._prefix})
        if credentials.session and person.name != self._settings.user:
            return self._visit(connection, credentials, person)
        return credentials

    def _visit(
        self, connection: HTTPConnection, credentials: Credentials, person: Person
    ) -> Credentials | Response:
        """Tell somebody else's browser whose lab it is, and where the work can only be looked at, first."""
        if (connection.scope.get("method"), connection.scope["path"]) == ("POST", f"{self._prefix}{VISIT}"):
            self._sessions.visiting.add(credentials.session)
            return RedirectResponse(self._prefix, 303)
        owner = self._settings.user
        look = f"{self._settings.hub_url}class?{urlencode({'view': 'student', 'user': owner})}"
        if self._own is not None and connection.scope["path"].startswith(self._own):
            return refusal(connection, 403, "own_only", {"visit_look": look}, owner=owner)
        if credentials.session in self._sessions.visiting:
            return credentials
        return refusal(
            connection,
            403,
            "visit",
            {"visit_look": look},
            {"visit_enter": f"{self._prefix}{VISIT}"},
            owner=owner,
            name=person.name,
        )

    def _credentials(self, connection: HTTPConnection) -> Credentials | None:
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        if kind.lower() in ("token", "bearer"):
            return Credentials(token.strip())
        session = connection.cookies.get(self._auth.cookie_name, "")
        found = self._sessions.token(session)
        return Credentials(found, connection.cookies.get(HUB_SESSION, ""), session) if found else None

    async def _person(self, credentials: Credentials) -> Person | None:
        person = await self._access.person(credentials.token, credentials.hub_session)
        if person is None and credentials.session:
            self._sessions.close(credentials.session)
        return person

    def _foreign(self, connection: HTTPConnection, person: Person) -> Response:
        own = {"own_lab": f"{self._settings.hub_url}spawn", "home": f"{self._settings.hub_url}home"}
        return refusal(connection, 403, "foreign", own, owner=self._settings.user, name=person.name)

    # Logging in: to the Hub, and back

    def _start_login(self, connection: HTTPConnection) -> Response:
        verifier, challenge, method = self._auth.generate_pkce_code_challenge()
        query = connection.scope["query_string"].decode("latin-1")
        raw = connection.scope.get("raw_path", b"").decode("latin-1") or connection.scope["path"]
        state, secret = self._logins.start(
            safe_redirect(f"{raw}?{query}" if query else raw, self._prefix), verifier
        )
        question = {"state": state, "code_challenge": challenge, "code_challenge_method": method}
        answer = RedirectResponse(f"{self._auth.login_url}&{urlencode(question)}", 302)
        answer.headers["Cache-Control"] = "no-store"
        self._set_cookie(connection, answer, self._login_cookie(state), secret, self._callback_path, 600)
        return answer

    async def _finish_login(self, request: Request) -> Response:
        state, code = request.query_params.get("state", ""), request.query_params.get("code", "")
        cookie = self._login_cookie(state)
        try:
            login = self._logins.finish(state, request.cookies.get(cookie, ""))
            token = await self._access.token(code, login.verifier)
            person = await self._access.person(token, request.cookies.get(HUB_SESSION, ""))
        except LoginRefused:
            return refusal(request, 403, "login_refused", {"again": self._prefix})
        except HubUnreachable:
            return refusal(request, 503, "unreachable", {"again": self._prefix})
        if person is None:
            return refusal(request, 403, "login_refused", {"again": self._prefix})
        if not person.allowed:
            return self._foreign(request, person)
        self._sessions.close(request.cookies.get(self._auth.cookie_name, ""))
        answer = RedirectResponse(login.next_url, 302)
        answer.headers["Cache-Control"] = "no-store"
        self._set_cookie(request, answer, cookie, "", self._callback_path, 0)
        self._set_cookie(request, answer, self._auth.cookie_name, self._sessions.open(token), self._prefix)
        return answer

    def _login_cookie(self, state: str) -> str:
        return f"{self._auth.cookie_name}-login-{state[:16]}"

    def _set_cookie(
        self,
        connection: HTTPConnection,
        answer: Response,
        name: str,
        value: str,
        path: str,
        max_age: int | None = None,
    ) -> None:
        host_wide = self._settings.cookie_host_prefix_enabled  # such cookies must be secure, and on "/"
        answer.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/" if host_wide else path,
            secure=host_wide or scheme(connection, self._settings.public_url) == "https",
            httponly=True,
            samesite="lax",
        )

    # Passing, and being watched on the way

    async def _pass(self, credentials: Credentials, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Let the application answer; a stream ends when the Hub takes the person's access back."""
        sent: list[Message] = []  # the latest message only

        async def watched(message: "Message") -> None:
            sent[:] = [message]
            await send(message)

        answering = asyncio.ensure_future(self.app(scope, receive, watched))
        try:
            allowed = await self._while_allowed(credentials, answering)
        finally:
            answering.cancel()
            with suppress(asyncio.CancelledError):
                await answering
        if not allowed:
            await _end(scope["type"], sent, send)

    async def _while_allowed(self, credentials: Credentials, answering: "asyncio.Future[None]") -> bool:
        """Wait for the answer's end; False as soon as the Hub no longer lets the person in.

        A Hub that restarts must not end every stream: it may fail to answer once.
        """
        missed = False
        while True:
            done, _ = await asyncio.wait({answering}, timeout=self._settings.access_seconds)
            if done:
                return True
            try:
                person = await self._person(credentials)
            except HubUnreachable:
                if missed:
                    return False
                missed = True
                continue
            missed = False
            if person is None or not person.allowed:
                return False

    def _with_headers(self, send: "Send") -> "Send":
        async def add(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-JupyterHub-Version"] = jupyterhub_version
                headers.setdefault("Cache-Control", "private, no-cache")  # one person's, and asked for anew
            await send(message)

        return add


def _is_interaction(scope: "Scope") -> bool:
    return scope.get("method") not in (None, *READING)


def _without_credentials(scope: "Scope", cookie: str) -> "Scope":
    """The application learns nothing it could leak: no token, no cookie of the gate's or the Hub's."""
    headers: list[tuple[bytes, bytes]] = []
    for name, value in scope["headers"]:
        if name == b"cookie":
            kept = [
                part
                for part in value.decode("latin-1").split(";")
                if not part.strip().startswith((cookie, "jupyterhub-", "_xsrf="))
            ]
            value = ";".join(kept).strip().encode("latin-1")
        if name != b"authorization" and value:
            headers.append((name, value))
    return {**scope, "headers": headers}


async def _end(kind: str, sent: "list[Message]", send: "Send") -> None:
    """End what the application was cut off from; the connection may be gone already."""
    last = sent[-1] if sent else {"type": ""}
    if last["type"].endswith((".body", ".close")) and not last.get("more_body"):
        return
    messages: list[Message] = [{"type": "websocket.close", "code": POLICY_VIOLATION}]
    if kind == "http":
        start: Message = {"type": "http.response.start", "status": 401, "headers": []}
        end: Message = {"type": "http.response.body", "body": b""}
        messages = [end] if sent else [start, end]
    with suppress(OSError, RuntimeError):  # gone, or shorter than it had announced
        for message in messages:
            await send(message)
