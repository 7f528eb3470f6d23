"""The container's health check: which address it asks, and which answers count."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from lab.web.health import address, answers


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "http://127.0.0.1:7860/api"),
        ({"GENAI_PORT": "9000", "GENAI_PREFIX": "/lab/"}, "http://127.0.0.1:9000/lab/api"),
        (
            {"JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/j%C3%A9r%C3%B4me/", "GENAI_PORT": "1"},
            "http://127.0.0.1:8888/user/j%C3%A9r%C3%B4me/api",
        ),
    ],
)
def test_it_asks_where_the_lab_was_told_to_listen(environment: dict[str, str], expected: str):
    assert address(environment) == expected


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answering) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.mark.parametrize(
    ("status", "healthy"), [(200, True), (401, True), (404, True), (500, False), (503, False)]
)
def test_anything_but_an_error_of_the_server_counts(server: str, status: int, healthy: bool):
    assert answers(f"{server}/{status}") is healthy


def test_where_nothing_listens_the_lab_is_ill():
    assert not answers("http://127.0.0.1:9/api", timeout=5)
