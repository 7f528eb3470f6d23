"""A ComfyUI server's models by the lab's API: listed, drawn and recorded like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from exercises.loader import find_assignment
from lab.engine.comfy.engine import ComfyuiEngine
from lab.models.comfyui import server
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from tests.lab.comfyui.serving import served
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.web.rest.conftest import client_of
from tests.lab.web.rest.test_generations import ended, start

MODEL = "comfy:mini.safetensors"


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    with served(QuickEngine(), tmp_path / "comfyui") as url:
        server._server.cache_clear()
        monkeypatch.setenv("COMFYUI_API_URL", url)
        settings = LabSettings(prefix="/user/jane", model=MODEL)
        lab = Lab(settings, find_assignment("tp2"), tmp_path / "work", "jane", ComfyuiEngine())
        yield lab
        lab.runs.stop()
        lab.engine.close()
    server._server.cache_clear()


@pytest.fixture
def client(lab: Lab) -> Iterator[TestClient]:
    with client_of(lab) as client:
        yield client


def test_it_is_listed_drawn_and_recorded(client: TestClient, lab: Lab) -> None:
    listed = {each["id"]: each for each in client.get("models").json()["models"]}
    assert listed[MODEL]["available"] is True
    state = ended(client, start(client, model=MODEL))
    assert state["state"] == "done", state
    [record] = lab.store().records()
    assert record.manifest.model.id == MODEL
    assert record.manifest.service is not None


def test_one_that_the_server_does_not_have_is_refused(client: TestClient) -> None:
    answer = client.post("generations", json={"prompt": "a cup", "model": "comfy:other"})
    assert answer.status_code == 404
    assert MODEL in answer.json()["error"]["message"]
