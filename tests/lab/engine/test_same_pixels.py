"""The rule on reuse agrees with what diffusers draws: pictures are told apart only where they must differ."""

import io
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from exercises.loader import find_assignment
from exercises.parameters import SCHEDULERS, Mode, SchedulerName
from grading.checks import check_submission
from grading.checks.drawing import WITHOUT_GUIDANCE, drawing
from grading.submission.reading import Submission, closing, open_work
from lab.engine.denoise import make_picture
from lab.engine.pipelines import LoadedModel, load_from
from lab.engine.sources import open_source
from lab.models.registry import MODELS
from manifests.draft import Draft
from manifests.store import Record, Store
from tests.lab.engine.asking import asked, photo

SPACINGS = ("trailing", "leading", "linspace")
ROUNDING = 8  # grey levels; the tiny model's strong random weights make much of a last bit
STEPS = {1: ((1, 1.0), (10, 0.1), (20, 0.05)), 2: ((2, 1.0), (4, 0.5), (20, 0.1)), 3: ((3, 1.0), (6, 0.5))}


def add(
    store: Store,
    model: LoadedModel,
    mode: Mode,
    scheduler: SchedulerName,
    steps: int,
    strength: float | None = None,
    guidance: float = 7.5,
) -> Record:
    """Draw a picture and record it as a student's lab does."""
    source = store.add_source(photo()) if mode == "img2img" else None
    request = asked(
        mode=mode,
        scheduler=scheduler,
        steps=steps,
        strength=strength,
        guidance_scale=guidance,
        source=source,
    )
    fitted = open_source(photo(), request.width, request.height) if source else None
    picture = make_picture(model, request, fitted, 0, lambda: False, lambda _: None)
    return store.save(Draft(**vars(picture.drawn), exercise="studio", run="studio"), picture.image)


def pixels(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)), dtype=int)


@pytest.fixture(scope="module", params=SPACINGS)
def work(request: pytest.FixtureRequest, tiny_mini: Path, tmp_path_factory) -> Iterator[Submission]:
    """All schedulers at 1, 2 and 3 effective steps, in both modes, with and without guidance."""
    model = load_from(MODELS["mini"], tiny_mini)
    model.own_scheduler = type(model.own_scheduler).from_config(
        {**model.own_scheduler.config, "timestep_spacing": request.param}
    )
    store = Store(tmp_path_factory.mktemp("work"), "tp2", "ada")
    for scheduler, steps in product(SCHEDULERS, STEPS):
        # By "linspace" one step begins at almost no noise, where nothing that is asked has an effect.
        for guidance in (7.5,) if (request.param, steps) == ("linspace", 1) else (7.5, 1.0, 0.5):
            add(store, model, "text2img", scheduler, steps, guidance=guidance)
        for asked_steps, strength in STEPS[steps]:
            add(store, model, "img2img", scheduler, asked_steps, strength)
    with closing(open_work(store.folder.parent, "tp2", "ada")) as submission:
        yield submission


def test_honest_pictures_of_few_steps_are_no_reuse(work: Submission) -> None:
    checks = {check.id: check for check in check_submission(find_assignment("tp2"), work, "en")}
    reuse = checks["hand_in/record/reuse"]
    assert reuse.passed is None  # false where a picture is claimed twice; true once it is handed in
    assert reuse.cause
    assert reuse.cause.message.startswith("In order so far")


def test_pictures_with_equal_pixels_have_one_drawing(work: Submission) -> None:
    drawings: dict[str, set[object]] = defaultdict(set)
    for recorded in work.records:
        drawings[recorded.manifest.image.pixels_sha256].add(drawing(recorded, work))
    assert len(drawings) > 20
    assert [each for each in drawings.values() if len(each) > 1] == []


@pytest.mark.parametrize("work", ["trailing"], indirect=True)  # by which all begin at the same levels
def test_pictures_of_one_drawing_are_the_same_up_to_rounding(work: Submission) -> None:
    """Else the rule would let through what no mathematics makes equal."""
    records = [r for r in work.records if getattr(r.manifest.request, "strength", None) in (None, 1.0)]
    pictures = {r.stem: pixels(work.image(r)) for r in records}
    told_apart = 0
    for one, other in combinations(records, 2):
        if drawing(one, work) == drawing(other, work):
            distance = np.abs(pictures[one.stem] - pictures[other.stem]).max()
            assert distance <= ROUNDING, (one.manifest.request, other.manifest.request)
        else:
            told_apart += 1
    assert told_apart > 100


def test_models_that_take_no_guidance_are_those_of_the_registry() -> None:
    assert {entry.id for entry in MODELS.values() if not entry.takes_guidance} == WITHOUT_GUIDANCE
