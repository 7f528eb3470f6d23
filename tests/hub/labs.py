"""Uses a student's lab behind a real hub with the same requests as a browser."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, unquote

import httpx2
import pytest

from tests.hub.conftest import INSTRUCTOR, RunningHub

PAGE = {"accept": "text/html"}
START_SECONDS = 180  # the machine may be busy


def path(name: str) -> str:
    """Return the lab's path below the hub's address."""
    return f"user/{quote(name, safe='@~')}/"


def origin(hub: RunningHub) -> dict[str, str]:
    """Return the headers that a browser sends from a page of that hub."""
    return {"origin": hub.url.rstrip("/")}


def enter(hub: RunningHub, name: str) -> httpx2.Client:
    """Log a person in at the hub and in their own lab, which is started if necessary."""
    client = hub.login(name)
    client.get("hub/spawn", headers=PAGE)
    until = time.monotonic() + START_SECONDS
    while True:
        answer = client.get(path(name), headers=PAGE)
        if answer.status_code == 200 and answer.url.path.startswith(f"/{unquote(path(name))}"):
            return client
        if time.monotonic() > until:
            pytest.fail(f"the lab of {name} did not open: {answer.url} {answer.text[:2000]}")
        time.sleep(0.3)


def enter_together(hub: RunningHub, *names: str) -> list[httpx2.Client]:
    """Do so for several people, whose labs start side by side."""
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: enter(hub, name), names))


def api(hub: RunningHub, client: httpx2.Client) -> httpx2.Client:
    """Return a client of the Hub's REST API with a token of that person."""
    name = client.get("hub/api/user", headers={"referer": f"{hub.url}hub/"}).json()["name"]
    xsrf = next(cookie.value for cookie in client.cookies.jar if cookie.name == "_xsrf")
    made = client.post(
        f"hub/api/users/{quote(name)}/tokens",
        json={"note": "test"},
        headers={"referer": f"{hub.url}hub/", "x-xsrftoken": xsrf or ""},
    )
    assert made.status_code in (200, 201), made.text
    token = made.json()["token"]
    return httpx2.Client(
        base_url=f"{hub.url}hub/api/", headers={"authorization": f"token {token}"}, timeout=60
    )


def token_of(client: httpx2.Client) -> dict[str, str]:
    """Return the header with the token of a client from `api`."""
    return {"authorization": client.headers["authorization"]}


def instructor(hub: RunningHub) -> httpx2.Client:
    """Return a client of the Hub's REST API with the instructor's token."""
    return api(hub, hub.login(INSTRUCTOR))


class Button:
    """A button of a lab's page, found by its `elem_id`, and pressed like the page's scripts do."""

    def __init__(self, hub: RunningHub, client: httpx2.Client, name: str, elem_id: str) -> None:
        self.client, self.headers = client, origin(hub)
        self.page = f"{path(name)}en/"
        config = client.get(f"{self.page}config").json()
        components = {component["id"]: component["props"] for component in config["components"]}
        found = next(i for i, props in components.items() if props.get("elem_id") == elem_id)
        pressed = (e for e in config["dependencies"] if [found, "click"] in e["targets"])
        event = next(e for e in pressed if e["backend_fn"])  # others happen in the browser alone
        self.event: int = event["id"]
        names = {i: components[i].get("elem_id") or str(i) for i in event["inputs"]}
        self.inputs: list[str] = [names[i] for i in event["inputs"]]  # a name may appear twice
        # the values that the page would send; a test may change them
        self.values: dict[str, Any] = {names[i]: components[i].get("value") for i in event["inputs"]}

    def press(self, session: str) -> None:
        """Start the event, whose results are sent to `session`."""
        answer = self.client.post(
            f"{self.page}gradio_api/queue/join",
            json={
                "data": [self.values[name] for name in self.inputs],
                "fn_index": self.event,
                "session_hash": session,
            },
            headers=self.headers,
        )
        assert answer.status_code == 200, answer.text

    def listen(self, session: str) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield each message with its time of arrival, until the event is finished."""
        address = f"{self.page}gradio_api/queue/data?session_hash={session}"
        with self.client.stream("GET", address, timeout=300) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line[5:])
                    yield time.monotonic(), event
                    if event["msg"] in ("process_completed", "close_stream", "unexpected_error"):
                        return
