"""A ComfyUI server's checkpoints are models like any other; what a server says is not trusted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from exercises.parameters import Parameters
from lab.engine.requests import request_for
from lab.models import remembered
from lab.models.availability import availability
from lab.models.comfyui import server as module
from lab.models.comfyui.settings import ComfyuiSettings
from lab.models.offered import model_entry, models
from lab.models.registry import MODELS, UnknownModel
from lab.session.doctor import State
from tests.lab.comfyui.serving import Faults, served
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.models.comfyui.test_workflows import written

MODEL = "comfy:mini.safetensors"


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def address(faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with served(QuickEngine(), tmp_path / "comfyui", faults) as url:
        module._server.cache_clear()
        monkeypatch.setenv("COMFYUI_API_URL", url)
        yield url
    module._server.cache_clear()


@pytest.mark.usefixtures("address")
def test_a_checkpoint_is_offered_with_the_servers_sizes_and_samplers() -> None:
    assert list(models()) == [*MODELS, MODEL]
    entry = model_entry(MODEL)
    assert (entry.minimum_size, entry.maximum_size, entry.native_size) == (64, 512, 256)
    assert entry.schedulers == ("EulerA", "Euler", "DDIM", "DPM++ 2M", "UniPC")
    assert availability(MODEL).code == "ready"
    assert request_for(Parameters(prompt="a cup"), MODEL).width == 256


def test_without_a_server_there_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert models() == MODELS
    with pytest.raises(UnknownModel):
        model_entry(MODEL)


def test_a_server_that_is_away_keeps_nobody_from_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    module._server.cache_clear()
    monkeypatch.setenv("COMFYUI_API_URL", "http://127.0.0.1:9")
    assert models() == MODELS
    assert model_entry(MODEL).native_size == 512
    found = availability(MODEL)
    assert found.code == "comfyui_unreachable"
    for language in ("en", "fr"):
        assert "127.0.0.1:9" in found.text(language)
    module._server.cache_clear()


def test_a_checkpoint_it_does_not_have_is_named(address: str) -> None:
    assert availability("comfy:other.safetensors").code == "comfyui_no_model"


@pytest.mark.usefixtures("address")
def test_a_teachers_workflow_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "course" / "mine")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(tmp_path / "course"))
    assert "comfy:workflow/mine" in models()
    assert model_entry("comfy:workflow/mine").modes == ("text2img",)


@pytest.mark.parametrize(
    "told",
    [
        b"[]",
        b"null",
        b"{",
        b'{"CheckpointLoaderSimple": 5}',
        b'{"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [[1, null, {}]]}}}}',
        b'{"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": []}}}}',
        json.dumps(
            {"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["x" * 5000], {}]}}}}
        ).encode(),
        b'{"KSampler": {"input": {"required": {"sampler_name": [["euler"], 7]}}}, "EmptyLatentImage": {}}',
        b'{"EmptyLatentImage": {"input": {"required": {"width": ["INT", {"min": "x", "default": 1e300}]}}}}',
        b"[" * 100_000,
    ],
)
def test_whatever_it_says_of_its_nodes_breaks_nothing(address: str, faults: Faults, told: bytes) -> None:
    faults.answers["GET /object_info/"] = (200, told)
    assert [name for name in models() if name not in MODELS] == []
    entry = model_entry(MODEL)
    assert 64 <= entry.minimum_size <= entry.native_size <= entry.maximum_size <= 2048
    assert not availability(MODEL).available


def test_one_that_is_away_is_not_asked_by_every_page(
    address: str, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.answers["GET /object_info/"] = (502, b"")
    for _ in range(3):
        assert models() == MODELS
        assert model_entry(MODEL).native_size == 512
    assert len([asked for asked in faults.said if "object_info" in asked]) == 1
    faults.answers.clear()
    monkeypatch.setattr(remembered, "AWAY", 0.0)
    assert MODEL in models()


def test_the_newer_form_of_choices_is_read(address: str, faults: Faults) -> None:
    told = {
        "CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": ["COMBO", {"options": ["a.ckpt"]}]}}}
    }
    faults.answers["GET /object_info/CheckpointLoaderSimple"] = (200, json.dumps(told).encode())
    assert "comfy:a.ckpt" in models()


def test_the_doctor_says_whether_it_answers(address: str, faults: Faults, tmp_path: Path) -> None:
    from lab.session.doctor import Case, examine

    def found() -> dict[str, State]:
        return {
            each.finding: each.state
            for each in examine(Case("en", tmp_path, "jane.doe"))
            if each.check == "comfyui"
        }

    assert [(MODEL in text, state) for text, state in found().items()] == [(True, State.OK)]
    faults.answers["GET /object_info/"] = (502, b"")
    assert list(found().values()) == [State.PROBLEM]


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://user:secret@host", "http://", "host:8188", "http://h/?a=1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        ComfyuiSettings(url=url)
