"""A student who uses the Hub's pages, and functions that wait for what follows."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.hub.conftest import RunningHub

TIMEOUT = 150  # seconds; the machine may be busy


@dataclass(frozen=True)
class Student:
    """A student who is logged in."""

    name: str
    client: httpx2.Client

    @classmethod
    def at(cls, hub: RunningHub, name: str, language: str = "en") -> "Student":
        client = hub.login(name)
        client.headers.update({"Accept": "text/html", "Accept-Language": language})
        return cls(name, client)

    def form(self) -> str:
        """Return the page with the form before a start."""
        return self.client.get("hub/spawn").text

    def ask(self, **choice: str) -> httpx2.Response:
        """Send that form. The answer is the waiting page, or the form with an error."""
        self.form()
        return self.client.post(
            "hub/spawn", params={"_xsrf": self._xsrf()}, data={"language": "en", **choice}
        )

    def stop(self) -> int:
        """Press the button "Stop" of the home page or the waiting page."""
        answer = self.client.delete(
            f"hub/api/users/{self.name}/server", headers={"X-XSRFToken": self._xsrf(), **self._same_site()}
        )
        return answer.status_code

    def events(self, enough: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Return the waiting page's events, until `enough` is true or the stream ends."""
        told: list[dict[str, Any]] = []
        path = f"hub/api/users/{self.name}/server/progress"
        until = time.monotonic() + TIMEOUT
        with self.client.stream(
            "GET", path, params={"_xsrf": self._xsrf()}, headers=self._same_site(), timeout=TIMEOUT
        ) as stream:
            assert stream.status_code == 200, stream.read()
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    told.append(json.loads(line.removeprefix("data:")))
                    if enough(told):
                        break
                assert time.monotonic() < until, told
        return told

    def until_open(self) -> list[dict[str, Any]]:
        """Wait until the lab can be used, and return the waiting page's events."""
        told = self.events(lambda told: bool(told[-1].get("ready") or told[-1].get("failed")))
        assert told[-1].get("ready"), told
        return told

    def page(self) -> httpx2.Response:
        """Return the page of the student's lab, after all redirects."""
        return self.client.get(f"user/{self.name}/en")

    def _xsrf(self) -> str:
        return next(cookie.value or "" for cookie in self.client.cookies.jar if cookie.name == "_xsrf")

    def _same_site(self) -> dict[str, str]:
        return {"Referer": f"{self.client.base_url}hub/home"}


def wait_until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < until, f"it never happened that {what}"
        time.sleep(0.3)


def variables_of(student: str) -> dict[str, str]:
    """Return the environment of the student's lab, which only root can read; {} if it does not run."""
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            pairs = file.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if f"JUPYTERHUB_USER={student}" in pairs and any(pair.startswith("SLURM_JOB_ID=") for pair in pairs):
            return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return {}
