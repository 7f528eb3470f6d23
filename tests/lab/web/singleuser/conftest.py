"""A stand-in for the Hub's API, as far as a lab asks it, and a lab's gate in front of a small application."""

import asyncio
import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from lab.web.server import listen
from lab.web.singleuser.gate import HubGate
from lab.web.singleuser.settings import HubServerSettings

PREFIX = "/user/jane/"
SCOPE = "access:servers!server=jane/"
HERE = "http://testserver"
JANES = "jane-1"  # a token
PAGE = {"accept": "text/html"}


@dataclass
class FakeHub:
    """Tokens and what belongs to them, codes and what they stand for; `status` is what it answers instead."""

    url: str = ""
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)  # code: challenge, token
    status: int | None = None
    asked: int = 0
    activity: list[dict[str, Any]] = field(default_factory=list)

    def give(self, token: str, name: str = "jane", scopes: tuple[str, ...] = (SCOPE,)) -> str:
        self.tokens[token] = {"name": name, "kind": "user", "scopes": list(scopes)}
        return token

    def app(self) -> Starlette:
        def known(request: Request) -> str:
            return request.headers.get("authorization", "").removeprefix("token ")

        async def user(request: Request) -> Response:
            status = self.status
            self.asked += 1
            await asyncio.sleep(0.05)  # so that requests meet
            if status:
                return JSONResponse({}, status)
            model = self.tokens.get(known(request))
            return JSONResponse(model, 200) if model else JSONResponse({"message": "no"}, 403)

        async def token(request: Request) -> Response:
            form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
            challenge, value = self.codes.pop(form["code"], ("", ""))
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return JSONResponse({"access_token": value})

        async def activity(request: Request) -> Response:
            if self.status or known(request) != "the-servers-own":
                return JSONResponse({}, self.status or 403)
            self.activity.append(await request.json())
            return JSONResponse({})

        return Starlette(
            routes=[
                Route("/hub/api/user", user),
                Route("/hub/api/oauth2/token", token, methods=["POST"]),
                Route("/hub/api/users/jane/activity", activity, methods=["POST"]),
            ]
        )


@pytest.fixture(scope="session")
def _served() -> Iterator[FakeHub]:
    hub = FakeHub()
    socket = listen("127.0.0.1", 0)
    hub.url = f"http://127.0.0.1:{socket.getsockname()[1]}/hub/api"
    server = uvicorn.Server(uvicorn.Config(hub.app(), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield hub
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def fake_hub(_served: FakeHub) -> FakeHub:
    _served.tokens.clear()
    _served.codes.clear()
    _served.activity.clear()
    _served.status, _served.asked = None, 0
    return _served


@pytest.fixture
def hub_settings(fake_hub: FakeHub) -> Callable[..., HubServerSettings]:
    def make(**changes: Any) -> HubServerSettings:
        told: dict[str, Any] = {
            "service_url": f"http://127.0.0.1:8888{PREFIX}",
            "service_prefix": PREFIX,
            "api_url": fake_hub.url,
            "api_token": "the-servers-own",
            "client_id": "jupyterhub-user-jane",
            "oauth_callback_url": f"{PREFIX}oauth_callback",
            "oauth_access_scopes": [SCOPE, "access:servers!user=jane"],
            "user": "jane",
            "activity_url": f"{fake_hub.url}/users/jane/activity",
        }
        return HubServerSettings(**(told | changes))

    return make


async def _echo(request: Request) -> Response:
    """What reached the application: its path and its headers."""
    return JSONResponse({"path": request.scope["path"], "headers": dict(request.headers)})


async def _stream(request: Request) -> Response:
    async def endless() -> Any:
        while True:
            yield b"data: x\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(endless(), media_type="text/event-stream")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("in")
    while True:
        await asyncio.sleep(0.05)
        await socket.send_text("more")


def small_app() -> Starlette:
    """Something to guard."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(
        routes=[
            Route("/{path:path}stream", _stream),
            Route("/{path:path}words", lambda _: PlainTextResponse("words")),
            WebSocketRoute("/{path:path}socket", _socket),
            Route("/{path:path}", _echo, methods=methods),
        ]
    )


@dataclass
class Lab:
    """A browser before a gated application; what people did in it is counted."""

    browser: TestClient
    hub: FakeHub
    interactions: list[float]
    gate: HubGate

    def login(self, token: str = JANES) -> Any:
        """Log in as a browser does; the Hub knows the token as it is told."""
        question = self.authorize(self.browser.get(PREFIX, headers=PAGE))
        return self.browser.get(self.callback(question, token), headers=PAGE)

    @staticmethod
    def authorize(answer: Any) -> dict[str, str]:
        """What the redirect to the Hub asks for."""
        address = urlsplit(answer.headers["location"])
        assert address.path == "/hub/api/oauth2/authorize"
        return {name: values[0] for name, values in parse_qs(address.query).items()}

    def callback(self, question: dict[str, str], token: str = JANES) -> str:
        """Where the Hub leads a person who said yes."""
        code = f"code-for-{question['state']}"
        self.hub.codes[code] = question["code_challenge"], token
        return f"{question['redirect_uri']}?code={code}&state={question['state']}"


@pytest.fixture
def make_lab(
    fake_hub: FakeHub, hub_settings: Callable[..., HubServerSettings]
) -> Iterator[Callable[..., Lab]]:
    clients: list[TestClient] = []

    def make(**changes: Any) -> Lab:
        interactions: list[float] = []
        gate = HubGate(
            small_app(),
            hub_settings(**changes),
            ("", "en", "en/"),
            lambda: interactions.append(time.monotonic()),
            own_path="own/",
        )
        base = f"https://{urlsplit(changes['public_url']).netloc}" if "public_url" in changes else HERE
        client = TestClient(gate, base_url=base, follow_redirects=False)
        client.__enter__()
        clients.append(client)
        return Lab(client, fake_hub, interactions, gate)

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab()


@pytest.fixture
def jane(lab: Lab) -> Lab:
    """The lab, with its student logged in."""
    lab.hub.give(JANES)
    assert lab.login().status_code == 302
    return lab
