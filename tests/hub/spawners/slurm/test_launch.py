"""Tests of the launcher in a job: it holds the lab's port and reports it to the Hub."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hub.spawners.slurm.launch import ReportRefused, report
from tests.hub.conftest import free_port

TOKEN = "the-lab-s-own-token"


class HubStandIn(HTTPServer):
    """A fake Hub that gives the `answers` in order, repeats the last one, and records the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = [204]
        self.asked: list[dict[str, Any]] = []

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hub/api"


class _Handler(BaseHTTPRequestHandler):
    server: HubStandIn

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append({"path": self.path, "token": self.headers["Authorization"], "body": body})
        answers = self.server.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Log nothing to stderr."""


@pytest.fixture
def hub() -> Iterator[HubStandIn]:
    server = HubStandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_port_is_said_with_the_lab_s_own_token(hub: HubStandIn) -> None:
    report(hub.api_url, TOKEN, 40123)
    assert hub.asked == [
        {"path": "/hub/api/slurm/address", "token": f"token {TOKEN}", "body": {"port": 40123}}
    ]


@pytest.mark.parametrize("status", [403, 404, 409])
def test_a_hub_that_waits_for_no_lab_ends_the_job(hub: HubStandIn, status: int) -> None:
    hub.answers = [status]
    with pytest.raises(ReportRefused, match=str(status)) as refused:
        report(hub.api_url, TOKEN, 40123)
    assert len(hub.asked) == 1
    assert TOKEN not in str(refused.value)


def test_a_hub_that_is_being_restarted_is_waited_for(hub: HubStandIn) -> None:
    hub.answers = [503, 502, 204]
    report(hub.api_url, TOKEN, 40123, pause=0.01)
    assert len(hub.asked) == 3


def test_a_hub_that_stays_away_ends_the_job() -> None:
    with pytest.raises(ReportRefused, match="cannot be reached"):
        report(f"http://127.0.0.1:{free_port()}/hub/api", TOKEN, 40123, retry_seconds=0.05, pause=0.01)


def test_the_lab_gets_the_very_socket_whose_port_was_said(hub: HubStandIn, tmp_path: Path) -> None:
    """In real processes the launcher becomes a program that gets its socket from the lab's own code."""
    became = (
        "import json, os, sys; from lab.web.server import listen; "
        "port = int(os.environ['JUPYTERHUB_SERVICE_URL'].rsplit(':', 1)[1].split('/')[0]); "
        "held = listen('0.0.0.0', port); "
        "print(json.dumps([port, held.getsockname()[1], os.environ['JUPYTERHUB_SERVICE_URL']]))"
    )
    launcher = (
        "import sys; from hub.spawners.slurm import launch; "
        f"launch.LAB = [sys.executable, '-c', {became!r}]; launch.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", launcher],
        env={
            **os.environ,
            "JUPYTERHUB_API_URL": hub.api_url,
            "JUPYTERHUB_API_TOKEN": TOKEN,
            "JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:0/user/jane/",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told, held, url = json.loads(done.stdout)
    assert told == held == hub.asked[0]["body"]["port"]
    assert url == f"http://0.0.0.0:{told}/user/jane/"


def test_without_a_handed_over_socket_the_lab_opens_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.web.server import listen

    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))  # meant for another process
    with listen("127.0.0.1", 0) as own:
        assert own.family == socket.AF_INET
        assert own.getsockname()[1] > 0
