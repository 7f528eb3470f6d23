"""Steps of students at a hub with containers, and what its pages show."""

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2

from tests.hub.conftest import INSTRUCTOR, RunningHub
from tests.hub.labs import PAGE, api, path


def until(condition: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition was never met"
        time.sleep(0.3)


def choose(client: httpx2.Client, processor: str) -> httpx2.Response:
    """Send the form before the start, as a browser does, and return the page that follows."""
    page = client.get("hub/spawn", headers=PAGE).text
    action = re.search(r'action="([^"]+)"', page)
    assert action, page
    return client.post(html.unescape(action.group(1)), data={"processor": processor}, headers=PAGE)


def usable(client: httpx2.Client, name: str) -> bool:
    answer = client.get(path(name), headers=PAGE)
    return answer.status_code == 200 and answer.url.path.startswith(f"/user/{name}/")


def events(hub: RunningHub, client: httpx2.Client, name: str) -> Iterator[dict[str, Any]]:
    """Yield the waiting page's events as they arrive."""
    with (
        api(hub, client) as asking,
        asking.stream("GET", f"users/{name}/server/progress", timeout=120) as stream,
    ):
        for line in stream.iter_lines():
            if line.startswith("data:"):
                yield json.loads(line[5:])


def lease_table(hub: RunningHub) -> tuple[list[str], list[str]]:
    """Return who holds a GPU and who waits, according to the instructors' page."""
    page = hub.login(INSTRUCTOR).get("hub/gpus", headers=PAGE).text
    held, _, line = page.partition("Waiting</h2>")
    rows = [re.findall(r"<td>(ana|bob|carl|dora)</td>", part) for part in (held, line)]
    return rows[0], rows[1]
