"""A client that leaves stops what it asked for; the queue is bounded, and free again afterwards."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx2
import pytest

from lab.endpoint.limits import EndpointLimits
from lab.endpoint.server import Loopback
from tests.lab.endpoint.engines import QuickEngine

PATIENCE = 60  # seconds, on a busy machine


@pytest.fixture
def engine() -> QuickEngine:
    return QuickEngine(slow=True)


@pytest.fixture
def server(engine: QuickEngine) -> Iterator[Loopback]:
    server = Loopback(engine, limits=EndpointLimits(waiting=2, per_minute=10**6))
    yield server
    for job in engine.jobs:
        job.cancel()
    server.close()


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.05)


def ask(server: Loopback, *, stream: bool) -> socket.socket:
    """A request for a picture, sent on a connection that is then the caller's to cut."""
    body = json.dumps({"prompt": "a cat", "n": 2, "stream": stream})
    connection = socket.create_connection(("127.0.0.1", urlsplit(server.url).port))
    head = (
        f"POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall((head + body).encode())
    return connection


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_stops_its_picture_and_no_other_is_begun(
    server: Loopback, engine: QuickEngine, stream: bool
):
    connection = ask(server, stream=stream)
    eventually(lambda: len(engine.jobs) == 1)
    assert not engine.jobs[0].cancelled.is_set()
    connection.close()
    eventually(lambda: engine.jobs[0].cancelled.is_set())
    for _ in range(2):  # both places are free again
        ask(server, stream=stream)
    eventually(lambda: len(engine.jobs) >= 3)
    assert len(engine.jobs) == 3


def test_no_more_wait_than_may_and_the_next_is_told_when_to_come_back(server: Loopback, engine: QuickEngine):
    waiting = [ask(server, stream=False) for _ in range(2)]
    eventually(lambda: len(engine.jobs) == 2)
    for stream in (False, True):
        refused = httpx2.post(
            f"{server.url}/images/generations",
            json={"prompt": "a cat", "stream": stream},
            headers={"Authorization": f"Bearer {server.token}"},
            timeout=PATIENCE,
        )
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "queue_full"
        assert int(refused.headers["retry-after"]) > 0
    assert len(engine.jobs) == 2
    waiting[0].close()
    eventually(lambda: any(job.cancelled.is_set() for job in engine.jobs))


def test_no_more_are_under_way_than_may_whatever_they_ask_for(engine: QuickEngine):
    server = Loopback(engine, limits=EndpointLimits(at_once=2))
    waiting = [ask(server, stream=False) for _ in range(2)]
    eventually(lambda: len(engine.jobs) == 2)

    def models() -> httpx2.Response:
        headers = {"Authorization": f"Bearer {server.token}"}
        return httpx2.get(f"{server.url}/models", headers=headers, timeout=PATIENCE)

    refused = models()
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "busy")
    waiting[0].close()
    eventually(lambda: models().status_code == 200)
    for job in engine.jobs:
        job.cancel()
    server.close()


def test_who_sends_half_a_request_and_leaves_begins_nothing(server: Loopback, engine: QuickEngine):
    connection = socket.create_connection(("127.0.0.1", urlsplit(server.url).port))
    connection.sendall(
        f"POST /v1/images/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
        'Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"prompt"'.encode()
    )
    connection.close()
    models = httpx2.get(
        f"{server.url}/models", headers={"Authorization": f"Bearer {server.token}"}, timeout=PATIENCE
    )
    assert models.status_code == 200
    assert engine.jobs == []
