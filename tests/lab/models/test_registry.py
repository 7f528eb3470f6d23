"""The registry: every entry complete and pinned, every refusal worded, and nothing of it heavy."""

import re
import subprocess
import sys

import pytest

from exercises.i18n import LANGUAGES, catalogue
from exercises.parameters import SCHEDULERS
from lab.engine.schedulers import CLASS_NAMES
from lab.models.availability import Availability, AvailabilityCode
from lab.models.offered import model_entry
from lab.models.registry import MODELS, UnknownModel

LIGHT = """
import sys
import lab.records.code, lab.jobs.generate, lab.records.verify, lab.engine.local, lab.models.registry
from lab.cli import code
from lab.cli import models
from lab.cli import run
from lab.cli import verify
from lab.models.registry import MODELS
from lab.models.availability import availability
assert {availability(model).model for model in MODELS} == set(MODELS)
heavy = {"torch", "diffusers", "transformers", "gradio"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_models_of_the_design_are_there() -> None:
    assert list(MODELS) == ["mini", "sd15", "sdxl-turbo", "sd3-medium", "flux-schnell", "qwen-image-edit"]


@pytest.mark.parametrize("model_id", [model_id for model_id in MODELS if model_id != "mini"])
def test_a_hub_model_is_pinned_to_a_commit(model_id: str) -> None:
    entry = model_entry(model_id)
    assert re.fullmatch(r"[0-9a-f]{40}", entry.revision)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", entry.repository)
    assert entry.licence


@pytest.mark.parametrize("entry", MODELS.values(), ids=list(MODELS))
def test_the_native_size_is_one_the_model_can_do(entry: object) -> None:
    entry = model_entry(entry.id)  # type: ignore[attr-defined]
    assert entry.minimum_size <= entry.native_size <= entry.maximum_size
    assert all(s % entry.multiple == 0 for s in (entry.minimum_size, entry.native_size, entry.maximum_size))
    assert set(entry.schedulers) <= set(SCHEDULERS)
    assert entry.modes


def test_every_scheduler_has_a_class_that_diffusers_knows() -> None:
    import diffusers

    assert set(CLASS_NAMES) == set(SCHEDULERS)
    assert all(hasattr(diffusers, name) for name in CLASS_NAMES.values())


def test_an_unknown_model_is_said_with_those_there_are() -> None:
    with pytest.raises(UnknownModel, match="sd15"):
        model_entry("dall-e-9")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_a_model_is_worded(language: str) -> None:
    for code in AvailabilityCode.__args__:  # type: ignore[attr-defined]
        text = Availability("sd15", code, None, 5, "torchvision").text(language)  # type: ignore[arg-type]
        assert "sd15" in text


def test_every_code_the_engine_raises_is_in_the_catalogue() -> None:
    from pathlib import Path

    import lab.engine

    folder = Path(lab.engine.__path__[0])
    source = "\n".join(file.read_text() for file in folder.glob("*.py"))
    codes = set(re.findall(r'(?:EngineFailure|Failed)\(\s*"(\w+)"', source))
    assert len(codes) > 12
    assert {f"engine.{code}" for code in codes} <= set(catalogue("lab", "en"))


def test_nothing_that_looks_for_models_loads_torch() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
