"""An instructor sees what the class draws and holds it up or stops it; nobody else may."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.engine.protocol import Cancelled, Done, Failed, Step
from tests.gateway.conftest import RunningGateway, StartGateway
from tests.lab.engine.asking import asked, failure, made

LONG = {"steps": 150, "width": 128, "height": 128}


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """One of its own: what is counted is this module's."""
    return start_gateway()


def state(gateway: RunningGateway) -> dict[str, Any]:
    with gateway.client("teacher") as client:
        answer = client.get("/class")
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


def act(gateway: RunningGateway, action: str) -> None:
    with gateway.client("teacher") as client:
        assert client.post(f"/class/{action}").status_code == 200


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_students_see_none_of_it(gateway: RunningGateway) -> None:
    with gateway.client("ada") as client:
        for method, path in (
            ("GET", "/class"),
            ("GET", "/metrics"),
            ("POST", "/class/pause"),
            ("DELETE", "/class/drawings/ben/abcdefgh"),
        ):
            assert client.request(method, path).status_code == 403
    assert state(gateway)["paused"] is False


def test_pictures_and_failures_are_counted_by_student(gateway: RunningGateway) -> None:
    made(gateway.engine("ada"), asked())
    failure(gateway.engine("ben"), asked(width=70))
    until(lambda: state(gateway)["failures"] and state(gateway)["pictures"])
    said = state(gateway)
    assert said["pictures"] == 1
    assert said["failures"] == {"bad_size": 1}
    assert [(s["name"], s["pictures"], s["failures"]) for s in said["students"]] == [
        ("ada", 1, 0),
        ("ben", 0, 1),
    ]
    assert said["per_minute"] > 0
    assert said["took"]["middle"] <= said["took"]["slow"]


def test_paused_nothing_is_begun_and_what_waits_is_seen_with_its_place(gateway: RunningGateway) -> None:
    act(gateway, "pause")
    jobs = [gateway.engine(name).submit(asked(seed=n), model="mini") for n, name in enumerate(("ada", "ben"))]
    until(lambda: len(state(gateway)["waiting"]) == 2)
    said = state(gateway)
    assert said["paused"]
    assert [each["position"] for each in said["waiting"]] == [1, 2]
    assert {each["student"] for each in said["waiting"]} == {"ada", "ben"}
    act(gateway, "resume")
    for job in jobs:
        *_, last = job.events()
        assert isinstance(last, Done)


def test_draining_nothing_new_is_taken_and_the_line_is_finished(gateway: RunningGateway) -> None:
    running = gateway.engine("ada").submit(asked(**LONG), model="mini")
    next(event for event in running.events() if isinstance(event, Step))
    act(gateway, "drain")
    late = gateway.engine("ben", give_up=1.0).submit(asked(), model="mini")
    *_, last = late.events()
    assert isinstance(last, Failed)
    *_, last = running.events()
    assert isinstance(last, Done)
    act(gateway, "resume")


@pytest.mark.parametrize("streamed", [False, True])
def test_draining_no_openai_client_gets_a_new_picture_either(gateway: RunningGateway, streamed: bool) -> None:
    act(gateway, "drain")
    wanted = {"prompt": "a boat", "model": "mini", "size": "64x64", "steps": 1, "n": 1, "stream": streamed}
    with gateway.client("ada") as client:
        late = client.post("/v1/images/generations", json=wanted)
        edited = client.post("/v1/images/edits", json=wanted | {"images": []})
        assert client.get("/v1/models").status_code == 200
    act(gateway, "resume")
    for answer in (late, edited):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "draining")
    with gateway.client("ada") as client:
        assert client.post("/v1/images/generations", json=wanted).status_code == 200


def test_one_picture_is_stopped_and_no_other(gateway: RunningGateway) -> None:
    jobs = {name: gateway.engine(name).submit(asked(**LONG), model="mini") for name in ("ada", "ben")}
    until(lambda: len(state(gateway)["drawn"]) == 2)
    with gateway.client("teacher") as client:
        assert client.delete(f"/class/drawings/ada/{jobs['ada'].id}").status_code == 204
        assert client.delete("/class/drawings/ada/no-such-key").status_code == 404
    ends = {name: list(job.events())[-1] for name, job in jobs.items()}
    assert isinstance(ends["ada"], Cancelled)
    assert isinstance(ends["ben"], Done)


def test_the_metrics_are_prometheus_and_name_no_student(gateway: RunningGateway) -> None:
    made(gateway.engine("ada"), asked())
    with gateway.client("teacher") as client:
        text = client.get("/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {
        "genai_drawings",
        "genai_waiting_seconds",
        "genai_drawing_seconds",
        "genai_batch_size",
    } <= families.keys()
    done = [s.value for s in families["genai_drawings"].samples if s.labels.get("outcome") == "done"]
    assert done[0] >= 1
    assert "ada" not in text
