"""The opinion on a picture just made: what it says, when there is none, and that it can cost no picture."""

import logging
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from exercises.parameters import Parameters
from lab.engine.local import LocalEngine
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.judge import analyse
from lab.judge.adherence import opinion
from lab.models.settings import ModelSettings
from manifests.manifest import Sought
from manifests.store import Record, Store

PROMPT = "a sleek red backpack on a white background"
GRAY = Image.new("RGB", (64, 64), "gray")


def test_each_part_has_what_was_asked_its_probability_and_the_first_answer(fixed_judge: list[Any]):
    adherence = opinion(PROMPT, "mini", GRAY)
    assert adherence is not None
    assert adherence.parts == (
        Sought(kind="object", asked="backpack", probability=0.4, first="handbag", status="not_found"),
        Sought(kind="color", asked="red", probability=0.9, first="red", status="found"),
        Sought(kind="background", asked="white", probability=0.3, first="gray", status="unsure"),
    )
    assert (adherence.found, adherence.weights_sha256) == (1, "ab" * 32)
    assert fixed_judge == [GRAY]


def test_only_what_the_prompt_names_is_looked_for(fixed_judge: list[Any]):
    adherence = opinion("something on a gray background", "mini", GRAY)
    assert adherence is not None
    assert [(part.kind, part.first) for part in adherence.parts] == [("background", "gray")]
    assert [part.status for part in adherence.parts] == ["unsure"]
    assert adherence.found == 0


@pytest.mark.parametrize(
    ("prompt", "model"), [("a sleek thing", "mini"), ("", "mini"), (PROMPT, "sd15"), (PROMPT, "elsewhere")]
)
def test_nobody_looks_where_the_prompt_names_nothing_known_or_another_model_drew(
    fixed_judge: list[Any], prompt: str, model: str
):
    assert opinion(prompt, model, GRAY) is None
    assert fixed_judge == []


def test_the_judge_that_comes_with_the_project_sees_colours_and_is_named_by_its_weights():
    picture = Image.new("RGB", (128, 128), "white")
    pen = ImageDraw.Draw(picture)
    for step in range(30):  # a ball with light on it
        near, far = 34 + step, 94 - step // 2
        pen.ellipse((near, near, far, far), (160 + 3 * step, 20 + step, 20 + step))
    adherence = opinion(PROMPT, "mini", picture)
    assert adherence is not None
    assert [part.first for part in adherence.parts[1:]] == ["red", "white"]
    assert all(part.probability > 0.5 for part in adherence.parts[1:])
    assert (
        adherence.weights_sha256
        == sha256((ModelSettings().mini_weights / analyse.WEIGHTS).read_bytes()).hexdigest()
    )


def made(store: Store, engine: LocalEngine, prompt: str = PROMPT) -> Record:
    request = request_for(Parameters(prompt=prompt, steps=2, width=64, height=64), "mini")
    *_, last = generate(store, engine, "studio", "studio", request, model="mini").events()
    assert isinstance(last, PictureSaved)
    return store.records()[-1]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "work", "tp2", "jane")


def test_a_picture_is_recorded_with_its_opinion(store: Store, engine: LocalEngine, fixed_judge: list[Any]):
    adherence = made(store, engine).manifest.adherence
    assert adherence is not None
    assert (adherence.found, len(adherence.parts)) == (1, 3)
    assert made(store, engine, "a sleek thing").manifest.adherence is None
    assert len(fixed_judge) == 1


@pytest.fixture
def no_weights(engine: LocalEngine, tiny_mini: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For this test `mini` is a copy of the tiny model that has no judge beside it."""
    shutil.copytree(tiny_mini, tmp_path / "mini", ignore=shutil.ignore_patterns(analyse.WEIGHTS))
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tmp_path / "mini"))


@pytest.mark.usefixtures("no_weights")
def test_without_a_judge_the_picture_is_kept_and_the_log_says_so(
    store: Store, engine: LocalEngine, caplog: pytest.LogCaptureFixture, tmp_path: Path
):
    with caplog.at_level(logging.WARNING, "lab.judge.adherence"):
        record = made(store, engine)
    assert record.manifest.adherence is None
    assert record.image_path.is_file()
    (line,) = [each.getMessage() for each in caplog.records if each.name == "lab.judge.adherence"]
    assert "judge.safetensors" in line


@pytest.mark.parametrize("broken", ["probabilities", "judge_sha256"])
def test_a_judge_that_breaks_costs_no_picture(
    store: Store,
    engine: LocalEngine,
    fixed_judge: list[Any],
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    def fails(*_: Any) -> Any:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(analyse, broken, fails)
    with caplog.at_level(logging.ERROR, "lab.judge.adherence"):
        record = made(store, engine)
    assert record.manifest.adherence is None
    assert record.image_path.is_file()
    (told,) = [each for each in caplog.records if each.name == "lab.judge.adherence"]
    assert told.exc_info


def test_a_stop_while_the_judge_looks_comes_too_late_to_lose_the_picture(
    store: Store, engine: LocalEngine, fixed_judge: list[Any], monkeypatch: pytest.MonkeyPatch
):
    request = request_for(Parameters(prompt=PROMPT, steps=2, width=64, height=64), "mini")
    generation = generate(store, engine, "studio", "studio", request, model="mini")
    looks = analyse.probabilities

    def stopped(picture: Image.Image) -> Any:
        generation.cancel()
        return looks(picture)

    monkeypatch.setattr(analyse, "probabilities", stopped)
    *_, last = generation.events()
    assert isinstance(last, PictureSaved)
    assert last.record.manifest.adherence is not None
    assert store.leftovers() == []


def test_reading_prompts_and_records_loads_no_judge():
    code = (
        "import sys, lab.jobs.generate, lab.ui.html.adherence, lab.cli.run; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
