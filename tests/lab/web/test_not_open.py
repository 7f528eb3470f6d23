"""What stands in the place of a page whose assignment is not open yet, and that it gives way in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from exercises.loader import find_assignment
from lab.session import opened
from lab.session.lab import Lab
from lab.session.opened import Offered
from lab.session.settings import LabSettings
from lab.web.not_open import NotOpenYet

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TP2, API = find_assignment("tp2"), find_assignment("api-analysis")


def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


def client_of(*offered: Offered) -> TestClient:
    """What answers behind the pages `/lab/en` of the first assignment and `/lab/en/<id>` of the others."""
    lab = Lab(LabSettings(prefix="/lab"), offered[0].assignment, Path("work"), "jane", None, offered)  # type: ignore[arg-type]
    app = Starlette(
        routes=[
            Route("/{path:path}", echo, methods=["GET", "POST"]),
            WebSocketRoute("/{path:path}", greet),
        ]
    )
    pages: dict[str, Any] = {"/lab/en": (offered[0], "en")}
    for each in offered[1:]:
        pages[f"/lab/en/{each.assignment.id}"] = (each, "en")
    app.add_middleware(
        NotOpenYet, lab=lab, pages=pages, navigation=lambda t: Markup('<a href="/hub/home"></a>')
    )
    return TestClient(app)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time, as its only element."""
    time = [NOON]
    monkeypatch.setattr(opened, "now", lambda: time[0])
    return time


def test_a_page_says_when_it_opens_and_is_there_from_that_moment_on(clock: list[datetime]) -> None:
    client = client_of(Offered(TP2), Offered(API, opens=NOON + SECOND))
    waiting = client.get("/lab/en/api-analysis/")
    assert waiting.status_code == 403
    assert API.title("en") in waiting.text
    assert '<local-time datetime="2026-11-20T12:00:01+00:00">' in waiting.text
    assert 'href="/lab/en/"' in waiting.text  # to what is open
    assert 'href="/hub/home"' in waiting.text
    assert waiting.headers["cache-control"] == "no-store"
    clock[0] = NOON + SECOND
    assert client.get("/lab/en/api-analysis/").text == "/lab/en/api-analysis/"


@pytest.mark.parametrize("path", ["", "/", "/config", "/gradio_api/queue/join", "/gradio_api/file=/x"])
def test_nothing_below_such_a_page_answers(path: str) -> None:
    client = client_of(Offered(TP2), Offered(API, opens=NOON + SECOND))
    for method in ("GET", "POST"):
        assert client.request(method, f"/lab/en/api-analysis{path}").status_code == 403
    with pytest.raises(WebSocketDenialResponse), client.websocket_connect(f"/lab/en/api-analysis{path}"):
        pass


def test_the_other_pages_and_routes_answer_as_before() -> None:
    client = client_of(Offered(TP2), Offered(API, opens=NOON + SECOND))
    for path in ("/lab/en/", "/lab/en/api-analysis2/", "/lab/class/progress", "/lab/"):
        assert client.get(path).text == path


def test_the_first_page_may_be_closed_while_one_below_it_is_open() -> None:
    client = client_of(Offered(TP2, opens=NOON + SECOND), Offered(API))
    assert client.get("/lab/en/config").status_code == 403
    assert client.get("/lab/en/api-analysis/config").text == "/lab/en/api-analysis/config"
