"""The endpoint with small limits, and the errors of its answers."""

from typing import Any

from fastapi.testclient import TestClient

from lab.endpoint.app import build_endpoint
from lab.endpoint.limits import EndpointLimits
from tests.lab.endpoint.asked import chat, items
from tests.lab.endpoint.engines import QuickEngine

TOKEN = "a-token-of-the-tests"


SMALL = EndpointLimits(
    body_bytes=2**20, picture_bytes=2**18, picture_pixels=2**18, pictures=2, images=2, per_minute=10**6
)


def client_of(
    engine: QuickEngine | None = None, limits: EndpointLimits = SMALL, token: str = TOKEN
) -> TestClient:
    return TestClient(
        build_endpoint(engine or QuickEngine(), TOKEN, limits),
        headers={"Authorization": f"Bearer {token}"},
        raise_server_exceptions=False,
    )


def error(response: Any, status: int) -> dict[str, Any]:
    """The error of an answer, whose form is checked."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["message"]
    assert body["error"]["code"]
    assert TOKEN not in response.text
    facts: dict[str, Any] = body["error"]
    return facts


def vision(**changes: Any) -> dict[str, Any]:
    return {"model": "analyser", "messages": chat()} | changes


DRAW, CHAT, RESPOND = "images/generations", "chat/completions", "responses"


def asked(**changes: Any) -> dict[str, Any]:
    return {"model": "analyser", "input": items()} | changes


def said(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}
