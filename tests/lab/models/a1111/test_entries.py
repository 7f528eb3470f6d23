"""Checkpoints of a server with A1111's API are models like any other; what a server says is not trusted."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.parameters import Parameters
from genai_lab import wrong_setting
from hub.spawners.environment import lab_settings
from lab.engine.by_model import ByModel
from lab.engine.requests import request_for
from lab.models import remembered
from lab.models.a1111 import server
from lab.models.a1111.settings import A1111Settings
from lab.models.availability import availability
from lab.models.offered import model_entry, models
from lab.models.registry import MODELS, UnknownModel
from lab.session.doctor import Case, State, examine
from lab.session.gateway import engine_for
from lab.session.settings import LabSettings
from tests.lab.comfyui.serving import Faults
from tests.lab.engine.a1111.serving import WebUi

MODEL = "a1111:v1-5-pruned"


@pytest.mark.usefixtures("address")
def test_checkpoints_are_offered_with_the_servers_samplers() -> None:
    assert list(models()) == [*MODELS, MODEL, "a1111:dreamy_xl"]
    entry = model_entry(MODEL)
    assert (entry.minimum_size, entry.native_size, entry.maximum_size) == (64, 512, 2048)
    assert entry.schedulers == ("EulerA", "Euler", "DDIM", "DPM++ 2M")
    assert model_entry("a1111:dreamy_xl").native_size == 1024
    assert availability(MODEL).code == "ready"
    assert availability("a1111:other").code == "a1111_no_model"
    assert request_for(Parameters(prompt="a cup"), MODEL).width == 512


def test_a_server_that_lists_no_models_offers_the_loaded_one(ui: WebUi, address: str) -> None:
    ui.lacks = {"/sd-models"}
    assert [name for name in models() if name not in MODELS] == ["a1111:v1-5-pruned.safetensors [6ce0161689]"]


def test_the_names_of_stable_diffusion_cpp_are_known(address: str, faults: Faults) -> None:
    names = ("default", "euler", "euler_a", "dpm++2m", "ddim_trailing")
    told = [{"name": name, "aliases": [name], "options": {}} for name in names]
    faults.answers["GET /sdapi/v1/samplers"] = (200, json.dumps(told).encode())
    found = server.configured_server()
    assert found is not None
    assert [found.sampler(name) for name in ("EulerA", "Euler", "DDIM", "DPM++ 2M", "UniPC")] == [
        "euler_a",
        "euler",
        "ddim_trailing",
        "dpm++2m",
        None,
    ]


@pytest.mark.parametrize(
    ("told", "told_hash", "same"),
    [
        ("tiny", "", True),
        ("tiny.safetensors", "", True),  # as stable-diffusion.cpp writes it into the picture
        ("tiny", "abc", True),
        ("tiny", "abd", False),
        ("other", "", False),
        ("tiny-v1.5", "", False),
    ],
)
def test_the_server_may_name_a_checkpoint_in_several_ways(told: str, told_hash: str, same: bool) -> None:
    one = server.Checkpoint("sub_tiny", "sub/tiny.safetensors [abc]", "abc")
    assert one.is_called(told, told_hash) is same
    assert server.Checkpoint("v1.5", "v1.5").is_called("v1.5.gguf")


def test_without_a_server_there_is_none_of_it() -> None:
    assert models() == MODELS
    with pytest.raises(UnknownModel):
        model_entry(MODEL)


def test_a_server_that_is_away_keeps_nobody_from_anything(
    address: str, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults.answers["GET /sdapi/v1/"] = (502, b"")
    for _ in range(3):
        assert models() == MODELS
        assert model_entry(MODEL).native_size == 512
    assert len(faults.said) == 1
    found = availability(MODEL)
    assert found.code == "a1111_unreachable"
    for language in ("en", "fr"):
        assert address in found.text(language)
    faults.answers.clear()
    monkeypatch.setattr(remembered, "AWAY", 0.0)
    assert MODEL in models()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=200),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "title", "model_name", "hash", "aliases", "sd_model_checkpoint"]), inner
        )
    ),
    max_leaves=12,
)


@given(told=JSON)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_it_says_of_itself_breaks_nothing(address: str, faults: Faults, told: object) -> None:
    faults.answers["GET /sdapi/v1/"] = (200, json.dumps(told).encode())
    found = server.configured_server()
    assert found is not None
    found.forget()
    for entry in models().values():
        assert len(entry.id) <= 200
        assert entry.id.isprintable()
    assert model_entry(MODEL).schedulers


def test_the_doctor_says_whether_it_answers(address: str, faults: Faults, ui: WebUi, tmp_path: Path) -> None:
    def found() -> tuple[str, State]:
        [only] = [each for each in examine(Case("en", tmp_path, "jane.doe")) if each.check == "a1111"]
        return only.finding, only.state

    text, state = found()
    assert MODEL in text
    assert state is State.OK
    for status, body in ((502, b""), (404, b"{}"), (401, b"{}"), (200, b"<html>")):
        faults.answers["GET /sdapi/v1/"] = (status, body)
        assert found()[1] is State.PROBLEM


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x:s3cret@h",
        "http://",
        "http://u:s3cret@",
        "host:7860",
        "http://u:s3cret@h/?a=1",
        "http://u:s3cret@h:x",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STABLE_DIFFUSION_URL", url)
    with pytest.raises(ValueError, match="STABLE_DIFFUSION_URL") as error:
        A1111Settings()
    assert "s3cret" not in str(error.value)
    assert "s3cret" not in wrong_setting(error.value)  # type: ignore[arg-type]


def test_the_address_may_be_that_of_the_api_itself() -> None:
    told = A1111Settings(url="http://jane:s3cret@host:7860/sd/sdapi/v1/")
    assert told.connection().url == "http://host:7860/sd"
    assert told.address == "http://host:7860"
    assert "s3cret" not in repr(told)


def test_labs_below_a_hub_get_the_address_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STABLE_DIFFUSION_URL", "http://jane:s3cret@host:7860/sd")
    monkeypatch.setenv("STABLE_DIFFUSION_AUTH", "jane:s3cret")
    passed = lab_settings()
    assert passed["STABLE_DIFFUSION_URL"] == "http://host:7860/sd"
    assert "s3cret" not in str(passed)


def test_the_lab_asks_it_where_it_is_set_up(address: str) -> None:
    engine = engine_for(LabSettings())
    assert isinstance(engine, ByModel)
    engine.close()
