"""Many labs are started at once, as at the beginning of a lesson; `benchmarks/class_start.py` has times."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psutil
import pytest

from hub.secret_files import COHORT_TOKEN_FILE
from tests.hub.conftest import StartHub

STUDENTS = [f"student{number:02}" for number in range(8)]  # more than may start at a time
REQUIRED_MEMORY = 2_500_000_000  # bytes of memory for eight labs


@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    psutil.virtual_memory().available < REQUIRED_MEMORY, reason="less than 2.5 GB of memory are free"
)
def test_labs_started_together_are_all_ready_and_none_failed(start_hub: StartHub) -> None:
    hub = start_hub()
    token = (hub.state / COHORT_TOKEN_FILE).read_text().strip()
    api = httpx2.Client(
        base_url=f"{hub.url}hub/api/", headers={"Authorization": f"token {token}"}, timeout=1700
    )
    assert api.post("users", json={"usernames": STUDENTS}).status_code == 201

    def start(student: str) -> tuple[str, int, str]:
        """Start a lab; return outcome, status through the proxy, and message."""
        asked = api.post(f"users/{student}/server")
        assert asked.status_code in (201, 202), asked.text
        events = api.get(f"users/{student}/server/progress").text
        last = json.loads(events.strip().splitlines()[-1].removeprefix("data: "))
        through_proxy = httpx2.get(f"{hub.url}user/{student}/api", timeout=60).status_code
        return ("ready" if last.get("ready") else "failed"), through_proxy, last.get("message", "")

    with ThreadPoolExecutor(len(STUDENTS)) as pool:
        outcomes = dict(zip(STUDENTS, pool.map(start, STUDENTS), strict=True))
    assert [(name, said) for name, (state, _, said) in outcomes.items() if state != "ready"] == []
    assert {answer for _, answer, _ in outcomes.values()} <= {
        200,
        401,
        403,
    }  # the answer comes from the lab
