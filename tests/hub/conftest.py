"""Fixtures that start `genai-lab hub` as a process, with a real proxy, on free ports."""

import itertools
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

START_SECONDS = 240  # the machine may be busy
WAIT_SECONDS = 180
INSTRUCTOR = "prof"


@dataclass(frozen=True)
class RunningHub:
    """A running hub.

    `url` is the address for a browser, `log` JupyterHub's own log, and `console` the output that the
    person who started the hub sees.
    """

    url: str  # ends with a slash
    state: Path
    process: subprocess.Popen[bytes]
    log: Path
    console: Path

    @property
    def passwords(self) -> dict[str, str]:
        """The content of `passwords.json`: `students` and `instructors`."""
        passwords: dict[str, str] = json.loads((self.state / "passwords.json").read_text())
        return passwords

    def login(self, name: str) -> httpx2.Client:
        """Log a person in by the form, and return a client with their cookies that follows redirects."""
        client = httpx2.Client(base_url=self.url, follow_redirects=True, timeout=60)
        form = client.get("hub/login").text
        token = re.search(r'name="_xsrf" value="([^"]+)"', form)
        assert token, form
        password = self.passwords["instructors" if name == INSTRUCTOR else "students"]
        answer = client.post(
            "hub/login", data={"_xsrf": token.group(1), "username": name, "password": password}
        )
        assert answer.history, answer.text  # a successful login redirects to the lab
        assert any("login" in cookie for cookie in client.cookies), "the login was refused"
        return client

    def stop(self) -> None:
        """Stop the hub with its proxy and labs, like Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_until(true: Callable[[], Any], what: str) -> Any:
    """Wait until `true` returns a true value, and return it."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if found := true():
            return found
        time.sleep(0.2)
    pytest.fail(f"it never happened that {what}")


StartHub = Callable[..., RunningHub]


def _ports() -> Iterator[int]:
    """Below those that the system gives to whoever asks for any, and other ones for each of several workers:
    what is free stays free until the process it is meant for has started."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    mine = range(20_000 + 1_500 * worker, 20_000 + 1_500 * (worker + 1))
    return itertools.cycle(random.sample(mine, len(mine)))


PORTS = _ports()


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, each time another one."""
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = next(PORTS)
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture(scope="module")
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartHub]:
    """A function that starts `genai-lab hub` with `settings`: `GENAI_HUB_…` and other variables.

    For a hub with https, `trusted` is a context that accepts the hub's certificate.
    """
    started: list[RunningHub] = []

    def start(
        state: Path | None = None, *, trusted: ssl.SSLContext | None = None, **settings: str
    ) -> RunningHub:
        state = state or tmp_path_factory.mktemp("hub")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GENAI_", "JUPYTERHUB_"))}
        port = settings.get("GENAI_HUB_PORT", str(free_port()))
        chosen = {
            "GENAI_HUB_PORT": port,
            "GENAI_HUB_API_PORT": str(free_port()),
            "GENAI_HUB_STATE": str(state),
            "GENAI_HUB_INSTRUCTORS": INSTRUCTOR,
            "GENAI_HUB_GATEWAY": "0",  # labs draw themselves, unless a test is about the gateway
            "GENAI_HUB_GATEWAY_PORT": str(free_port()),
            "GENAI_HUB_IDLE_SECONDS": "0",  # no process that looks for idle labs, unless a test is about it
            "OMP_NUM_THREADS": "1",
        }
        console = state / "console.txt"
        with console.open("ab") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "genai_lab", "hub"],
                env=inherited | chosen | settings,
                cwd=state,
                stdout=stream,
                stderr=stream,
            )
        url = f"https://localhost:{port}/" if trusted else f"http://127.0.0.1:{port}/"
        hub = RunningHub(url, state, process, state / "hub.log", console)
        started.append(hub)
        subdomains = urlsplit(settings.get("GENAI_HUB_SUBDOMAIN_HOST", "")).netloc
        host = {"Host": subdomains} if subdomains else {}
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                if (
                    httpx2.get(f"{hub.url}hub/health", headers=host, verify=trusted or True).status_code
                    == 200
                ):
                    return hub
            except httpx2.TransportError:
                pass
            if process.poll() is not None or time.monotonic() > until:
                said = [file.read_text()[-4000:] for file in (console, hub.log) if file.exists()]
                pytest.fail("the hub did not start:\n" + "\n".join(said))
            time.sleep(0.2)

    yield start
    for hub in started:
        if hub.process.poll() is None:
            hub.stop()


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    """One hub for all tests of a module, with the same settings as `make hub`."""
    return start_hub()
