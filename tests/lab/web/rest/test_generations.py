"""Generations by the API: queued at once, followed as events, recorded like any other, stopped when asked."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from exercises.kinds.studio import STUDIO_RUN
from lab.engine.protocol import Failed
from lab.session.lab import Lab
from lab.session.opened import Offered
from lab.web.rest import jobs as module
from manifests.chain import verify_chain
from tests.lab.endpoint.asked import data_url, png
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.web.rest.conftest import BASE

PATIENCE = 60  # seconds, on a busy machine
WISH: dict[str, Any] = {"prompt": "a red backpack", "steps": 2, "seed": 7}


def start(client: TestClient, **changes: Any) -> str:
    accepted = client.post("generations", json=WISH | changes)
    assert accepted.status_code == 202, accepted.text
    return str(accepted.json()["generation"]["id"])


def test_a_model_whose_weights_are_not_here_is_refused_before_anything_is_queued(
    client: TestClient, lab: Lab, engine: QuickEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", "/nowhere")
    answer = client.post("generations", json=WISH | {"model": "sd15"})
    assert answer.status_code == 503, answer.text
    assert answer.json()["error"]["code"] == "missing_weights"
    assert "models pull sd15" in answer.json()["error"]["message"]
    assert (client.get("generations").json()["generations"], lab.runs.under_way()) == ([], 0)


@pytest.mark.parametrize("prompt", ["", "   ", "\n\t", "x" * 3000])
def test_a_prompt_without_a_word_or_too_long_is_refused(client: TestClient, prompt: str) -> None:
    answer = client.post("generations", json=WISH | {"prompt": prompt})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["param"] == "prompt"
    assert client.get("generations").json()["generations"] == []


def ended(client: TestClient, job_id: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        state: dict[str, Any] = client.get(f"generations/{job_id}").json()
        if state["finished"]:
            return state
        time.sleep(0.02)
    raise AssertionError("it never ended")


def events(client: TestClient, job_id: str) -> list[tuple[str, dict[str, Any]]]:
    said = client.get(f"generations/{job_id}/events")
    assert said.headers["content-type"].startswith("text/event-stream")
    pairs = [block.split("\n") for block in said.text.strip().split("\n\n") if block.startswith("event")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


def test_a_generation_is_accepted_with_an_id_and_links_and_becomes_a_record(client: TestClient, lab: Lab):
    accepted = client.post("generations", json=WISH | {"prompt": "a sleek red backpack"})
    assert accepted.status_code == 202
    body = accepted.json()
    assert body["unknown_words"] == ["sleek"]
    assert body["links"]["self"] == accepted.headers["location"]
    assert accepted.headers["location"] == f"{BASE}/generations/{body['generation']['id']}"
    state = ended(client, body["generation"]["id"])
    assert state["state"] == "done"
    (record,) = lab.store().records()
    assert record.stem == state["image"]
    manifest = record.manifest
    assert (manifest.exercise, manifest.run, manifest.student) == ("studio", STUDIO_RUN, "jane")
    assert (manifest.request.prompt, manifest.request.width) == ("a sleek red backpack", 256)
    assert verify_chain(lab.store().chain()) == []


def test_the_machines_opinion_comes_with_what_was_made(client: TestClient, lab: Lab):
    wish = {"prompt": "a red backpack on a white background"}
    state = ended(client, start(client, **wish))
    adherence = state["adherence"]
    assert (adherence["judge"], adherence["found"]) == ("mini-judge", 1)
    assert [(part["asked"], part["first"]) for part in adherence["parts"]] == [
        ("backpack", "handbag"),
        ("red", "red"),
        ("white", "gray"),
    ]
    shown = client.get(f"images/{state['image']}").json()
    assert shown["image"]["adherence"] == shown["manifest"]["adherence"] == adherence
    assert client.get(f"generations/{state['id']}").json()["adherence"] == adherence


def test_where_nothing_known_was_asked_for_there_is_no_opinion(client: TestClient):
    state = ended(client, start(client, prompt="sleek"))
    assert state["adherence"] is None
    assert client.get(f"images/{state['image']}").json()["image"]["adherence"] is None


def test_a_generation_is_followed_to_its_end(client: TestClient):
    job_id = start(client)
    told = events(client, job_id)
    assert told[-1][0] == "done"
    assert told[-1][1] == client.get(f"generations/{job_id}").json()
    assert all(name == state["state"] and state["id"] == job_id for name, state in told)
    assert events(client, job_id) == told[-1:]  # later only how it ended is known


def test_the_student_sees_it_in_the_studio(client: TestClient, lab: Lab, engine: QuickEngine):
    engine.slow = True
    job_id = start(client)
    assert [running.id for running in lab.runs.of("studio")] == [job_id]


def test_ids_stay_known_after_others_have_come(client: TestClient):
    first = start(client)
    assert ended(client, first)["state"] == "done"
    second = start(client)
    ended(client, second)
    assert client.get(f"generations/{first}").json()["state"] == "done"
    listed = client.get("generations").json()["generations"]
    assert [state["id"] for state in listed] == [second, first]


def test_the_oldest_are_forgotten(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "KEPT", 2)
    ids = []
    for _ in range(4):
        ids.append(start(client))
        ended(client, ids[-1])
    assert client.get(f"generations/{ids[0]}").status_code == 404
    assert [client.get(f"generations/{each}").status_code for each in ids[1:]] == [200] * 3


def test_a_running_one_is_stopped_and_nothing_is_recorded(client: TestClient, lab: Lab, engine: QuickEngine):
    engine.slow = True
    job_id = start(client)
    while not engine.jobs:
        time.sleep(0.01)
    assert client.delete(f"generations/{job_id}").status_code == 200
    assert ended(client, job_id)["state"] == "cancelled"
    assert client.delete(f"generations/{job_id}").json()["state"] == "cancelled"
    assert lab.store().records() == []


def test_a_running_one_says_how_far_it_is(client: TestClient, engine: QuickEngine):
    engine.slow = True
    job_id = start(client)
    until = time.monotonic() + PATIENCE
    state = client.get(f"generations/{job_id}").json()
    while state["state"] != "running" and time.monotonic() < until:
        state = client.get(f"generations/{job_id}").json()
    assert (state["state"], state["step"], state["steps"], state["finished"]) == ("running", 1, 2, False)


def test_one_that_fails_says_why_in_the_readers_language(client: TestClient, engine: QuickEngine):
    engine.ending = Failed("out_of_memory", {"model": "mini"})
    job_id = start(client)
    error = ended(client, job_id)["error"]
    assert error["code"] == "out_of_memory"
    french = client.get(f"generations/{job_id}", headers={"Accept-Language": "fr"}).json()["error"]["message"]
    assert french != error["message"]
    assert "mémoire" in french.lower()


def test_no_more_are_under_way_than_may(client: TestClient, engine: QuickEngine, monkeypatch: Any):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    engine.slow = True
    first = [start(client) for _ in range(2)]
    refused = client.post("generations", json=WISH)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "queue_full"
    assert int(refused.headers["retry-after"]) > 0
    client.delete(f"generations/{first[0]}")
    ended(client, first[0])
    engine.slow = False
    start(client)


def test_image_to_image_begins_with_the_picture_sent_which_is_kept(
    client: TestClient, lab: Lab, engine: QuickEngine
):
    state = ended(client, start(client, mode="img2img", source=data_url(), steps=4))
    record = lab.store().find(state["image"])
    assert record is not None
    source = record.manifest.request.source
    assert source is not None
    assert lab.store().source_path(source).read_bytes() == png()
    assert engine.sources == [png()]
    assert record.manifest.request.strength == 0.6  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"prompt": None}, 422, "invalid_request", "prompt"),
        ({"prompt": "x" * 2001}, 422, "invalid_request", "prompt"),
        ({"steps": 0}, 422, "invalid_request", "steps"),
        ({"steps": "4"}, 422, "invalid_request", "steps"),
        ({"width": 100}, 422, "invalid_request", "width"),
        ({"width": 1024}, 400, "bad_size", None),
        ({"guidence": 3}, 422, "invalid_request", "guidence"),
        ({"model": "dall-e"}, 404, "model_not_found", "model"),
        ({"mode": "img2img"}, 422, "source_and_mode", "source"),
        ({"source": data_url()}, 422, "source_and_mode", "source"),
        ({"mode": "img2img", "source": "https://example.org/a.png"}, 400, "no_address", "source"),
        ({"mode": "img2img", "source": "a.png"}, 400, "no_data_url", "source"),
        ({"mode": "img2img", "source": "../../../etc/passwd"}, 400, "no_data_url", "source"),
        (
            {"mode": "img2img", "source": "data:image/png;base64," + base64.b64encode(b"none").decode()},
            400,
            "bad_picture",
            "source",
        ),
        ({"mode": "img2img", "source": data_url(), "steps": 1, "strength": 0.5}, 400, "no_step_left", None),
    ],
)
def test_what_cannot_be_made_is_told_at_once_and_nothing_begins(
    client: TestClient, lab: Lab, engine: QuickEngine, changes: Any, status: int, code: str, param: Any
):
    refused = client.post("generations", json=WISH | changes)
    assert refused.status_code == status, refused.text
    error = refused.json()["error"]
    assert (error["code"], error["param"]) == (code, param)
    assert engine.jobs == []
    assert not lab.store().inputs.exists()


def test_too_large_a_body_is_not_taken(client: TestClient):
    refused = client.post("generations", content=iter([bytes(2**20)] * 29))
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/events"), ("DELETE", "")], ids=["look", "follow", "cancel"]
)
def test_a_generation_there_is_not_is_told(client: TestClient, method: str, path: str):
    answer = client.request(method, f"generations/nothing{path}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "no_generation"


def test_an_assignment_without_a_free_exercise_takes_none(client: TestClient, lab: Lab):
    exercises = tuple(e for e in lab.assignment.exercises if e.kind != "studio")
    lab.assignment = lab.assignment.model_copy(update={"exercises": exercises})
    refused = client.post("generations", json=WISH)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "no_studio"


def test_before_its_assignment_is_open_none_is_taken(
    client: TestClient, lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    lab.offered = (Offered(lab.assignment, opens=datetime(2026, 11, 20, 12, tzinfo=UTC)),)
    monkeypatch.setattr("lab.session.opened.now", lambda: datetime(2026, 11, 20, 11, tzinfo=UTC))
    refused = client.post("generations", json=WISH)
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "not_open"
