"""A teacher's own workflow is drawn by, and an engine of several knows whose model is whose."""

import json
from pathlib import Path

import pytest

from lab.engine.by_model import ByModel
from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.local import LocalEngine
from lab.engine.protocol import Done, Failed
from lab.engine.witnessed import WitnessedEngine
from lab.models.comfyui import server
from lab.models.comfyui.entries import is_comfyui
from lab.session.gateway import engine_for
from lab.session.settings import LabSettings
from manifests.service import ComfyuiService
from tests.lab.comfyui.serving import Faults, graph
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.engine.comfy.asking import MODEL, request

TOLD = """
title = "Two places"
seconds = 7

[text2img]
file = "workflow.json"

[text2img.inputs]
prompt = ["2.text", "3.text"]
seed = "5.seed"
width = "4.width"
height = "4.height"
"""
OWN = "comfy:workflow/mine"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "course" / "mine"
    folder.mkdir(parents=True)
    (folder / "workflow.toml").write_text(TOLD, encoding="utf-8")
    (folder / "workflow.json").write_text(json.dumps(graph(steps=3, cfg=2.0)), encoding="utf-8")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))
    return folder


@pytest.mark.usefixtures("folder")
def test_what_has_a_place_is_put_there_and_the_rest_stays(engine: ComfyuiEngine, quick: QuickEngine) -> None:
    done = list(engine.submit(request(steps=30, guidance_scale=9.0, seed=7), model=OWN).events())[-1]
    assert isinstance(done, Done), done
    asked = quick.requests[-1]
    assert (asked.prompt, asked.negative_prompt, asked.seed) == ("a red backpack", "a red backpack", 7)
    assert (asked.steps, asked.guidance_scale) == (3, 2.0)
    service = done.picture.drawn.service
    assert isinstance(service, ComfyuiService)
    assert service.workflow["5"].inputs["steps"] == 3  # what was really sent
    assert done.picture.drawn.effective_steps == 2  # as the server counted them


def test_a_missing_node_of_it_is_named(engine: ComfyuiEngine, folder: Path, faults: Faults) -> None:
    text = (folder / "workflow.json").read_text()
    (folder / "workflow.json").write_text(text.replace("VAEDecode", "VAEDecodeTiled"))
    failed = list(engine.submit(request(), model=OWN).events())[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "comfyui_no_node"
    assert "VAEDecodeTiled" in failed.text("en")
    assert "POST /prompt" not in faults.said


def test_each_model_goes_to_its_engine() -> None:
    here, there = QuickEngine(), QuickEngine()
    both = ByModel(here, [(is_comfyui, there)])
    both.submit(request(), model="mini")
    both.submit(request(seed=1), model=MODEL)
    assert [each.seed for each in here.requests] == [42]
    assert [each.seed for each in there.requests] == [1]
    both.close()
    assert here.closed
    assert there.closed


def test_the_lab_asks_a_server_where_one_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    server._server.cache_clear()
    alone = engine_for(LabSettings())
    assert isinstance(alone, LocalEngine)
    alone.close()
    monkeypatch.setenv("COMFYUI_API_URL", "http://127.0.0.1:9")
    both = engine_for(LabSettings())
    assert isinstance(both, ByModel)
    failed = list(both.submit(request(), model=MODEL).events())[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "comfyui_gone"
    both.close()
    witnessed = engine_for(LabSettings(gateway="http://127.0.0.1:9"))
    assert isinstance(witnessed, ByModel)
    assert isinstance(dict(witnessed._servers)[is_comfyui], WitnessedEngine)
    witnessed.close()
    server._server.cache_clear()
