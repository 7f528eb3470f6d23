"""A test that starts twenty labs at once, like a class at the beginning of a lesson; `-s` shows the times."""

import json
import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psutil
import pytest

from hub.secret_files import COHORT_TOKEN_FILE
from tests.hub.conftest import StartHub

STUDENTS = [f"student{number:02}" for number in range(20)]
REQUIRED_MEMORY = 6_000_000_000  # bytes of memory for twenty labs


@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    psutil.virtual_memory().available < REQUIRED_MEMORY, reason="less than 6 GB of memory are free"
)
def test_twenty_labs_started_together_are_all_ready_and_none_failed(start_hub: StartHub) -> None:
    hub = start_hub()
    token = (hub.state / COHORT_TOKEN_FILE).read_text().strip()
    api = httpx2.Client(
        base_url=f"{hub.url}hub/api/", headers={"Authorization": f"token {token}"}, timeout=1700
    )
    assert api.post("users", json={"usernames": STUDENTS}).status_code == 201
    began = time.monotonic()

    def start(student: str) -> tuple[str, float, int, str]:
        """Start a lab; return outcome, seconds, status through the proxy, and message."""
        asked = api.post(f"users/{student}/server")
        assert asked.status_code in (201, 202), asked.text
        events = api.get(f"users/{student}/server/progress").text
        last = json.loads(events.strip().splitlines()[-1].removeprefix("data: "))
        took = time.monotonic() - began
        through_proxy = httpx2.get(f"{hub.url}user/{student}/api", timeout=60).status_code
        return ("ready" if last.get("ready") else "failed"), took, through_proxy, last.get("message", "")

    with ThreadPoolExecutor(len(STUDENTS)) as pool:
        outcomes = dict(zip(STUDENTS, pool.map(start, STUDENTS), strict=True))
    times = sorted(took for _, took, _, _ in outcomes.values())
    print(f"\nload of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print("ready after seconds:", " ".join(f"{took:.1f}" for took in times))
    print(f"first {times[0]:.1f}, median {statistics.median(times):.1f}, last {times[-1]:.1f}")
    assert [(name, said) for name, (state, _, _, said) in outcomes.items() if state != "ready"] == []
    assert {answer for _, _, answer, _ in outcomes.values()} <= {
        200,
        401,
        403,
    }  # the answer comes from the lab
