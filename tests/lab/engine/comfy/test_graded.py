"""Honest work by a ComfyUI server loses no point for how such a server draws."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from exercises.loader import find_assignment
from grading.checks.picture_rule import check_picture
from grading.checks.runs import deviations
from grading.submission.reading import Recorded, Submission, open_work
from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.protocol import Done, Picture
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from manifests.manifest import Request
from manifests.png import plain_png
from manifests.store import Store
from tests.lab.comfyui.serving import graph
from tests.lab.endpoint.engines import QuickEngine, ScriptedJob
from tests.lab.engine.comfy.asking import MODEL, request
from tests.lab.engine.comfy.test_own_workflow import OWN, TOLD

TP2 = find_assignment("tp2")
RUNS = [
    pytest.param(exercise, run, id=run.id)
    for exercise in TP2.exercises
    for run in getattr(exercise, "runs", ())
    if run.parameters.mode == "img2img"
]


class NoisyEngine(QuickEngine):
    """Its pictures are not blank."""

    def submit(self, request: Request, **more: Any) -> ScriptedJob:
        job = super().submit(request, **more)
        *first, last = job._events
        if isinstance(last, Done):
            noise = Image.effect_noise((request.width, request.height), 80).convert("RGB")
            last = Done(Picture(noise, last.picture.drawn))
        job._events = [*first, last]
        return job


@pytest.fixture
def quick() -> QuickEngine:
    return NoisyEngine()


def recorded(store: Store, exercise: str, run: str) -> tuple[Submission, Recorded]:
    submission = open_work(store.folder.parent, TP2.id, "jane")
    return submission, submission.attempts(exercise, run)[-1]


@pytest.mark.parametrize(("exercise", "run"), RUNS)
def test_image_to_image_is_as_planned_though_all_its_steps_ran(
    engine: ComfyuiEngine, tmp_path: Path, exercise: Any, run: Any
) -> None:
    store = Store(tmp_path / "work", TP2.id, "jane")
    source = store.add_source(plain_png(Image.effect_noise((200, 100), 90).convert("RGB")))
    asked = request_for(run.parameters, MODEL, source)
    saved = list(generate(store, engine, exercise.id, run.id, asked, model=MODEL).events())[-1]
    assert isinstance(saved, PictureSaved), saved
    submission, found = recorded(store, exercise.id, run.id)
    assert deviations(run, found) == []
    assert check_picture(submission, found, {}).passed


def test_a_workflow_that_gives_another_size_made_the_picture_that_is_recorded(
    engine: ComfyuiEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    folder = tmp_path / "course" / "mine"
    folder.mkdir(parents=True)
    told = "\n".join(line for line in TOLD.splitlines() if not line.startswith(("width", "height")))
    (folder / "workflow.toml").write_text(told, encoding="utf-8")
    (folder / "workflow.json").write_text(json.dumps(graph()), encoding="utf-8")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(folder.parent))
    store = Store(tmp_path / "work", TP2.id, "jane")
    asked = request(width=128, height=128)
    saved = list(generate(store, engine, "studio", "studio", asked, model=OWN).events())[-1]
    assert isinstance(saved, PictureSaved), saved
    submission, found = recorded(store, "studio", "studio")
    assert (found.manifest.image.width, asked.width) == (64, 128)
    assert check_picture(submission, found, {}).passed
