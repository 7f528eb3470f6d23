"""A picture by a server with A1111's API, from request to record."""

import base64
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from exercises.i18n import translator
from exercises.loader import find_assignment
from grading.checks.runs import deviations
from grading.submission.reading import open_work
from lab.engine.a1111.engine import A1111Engine
from lab.engine.inputs import Inputs
from lab.engine.protocol import Cancelled, Done, Event, Failed, Loading, Queued, Step
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.records.code import python_script
from lab.records.verify import verify
from manifests.manifest import Manifest, Mask, Request
from manifests.masks import mask_bytes, rectangle
from manifests.png import plain_png
from manifests.reader import read_manifest_file
from manifests.service import A1111Service
from manifests.store import Store
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.engine.a1111.serving import WebUi, noise
from tests.lab.engine.comfy.asking import GIVEN, request

MODEL = "a1111:v1-5-pruned"


def events(engine: A1111Engine, wanted: Request, source: bytes | None = None) -> list[Event]:
    return list(engine.submit(wanted, model=MODEL, inputs=Inputs(source)).events())


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about")


def drawn(engine: A1111Engine, wanted: Request, source: bytes | None = None) -> A1111Service:
    last = events(engine, wanted, source)[-1]
    assert isinstance(last, Done), last
    service = last.picture.drawn.service
    assert isinstance(service, A1111Service)
    return service


def test_progress_with_previews_and_the_picture_come_in_order(engine: A1111Engine, ui: WebUi) -> None:
    ui.step_seconds = 0.1
    found = events(engine, request())
    kinds = list(dict.fromkeys(type(each) for each in found))
    assert [kind for kind in kinds if kind in (Loading, Step, Done)] == [Loading, Step, Done]
    assert any(isinstance(each, Step) and each.preview is not None for each in found)
    assert isinstance(found[-1], Done)
    assert found[-1].picture.image.tobytes() == noise(42, 64, 64).tobytes()
    assert found[-1].picture.drawn.effective_steps == 4


def test_every_parameter_reaches_the_server(engine: A1111Engine, ui: WebUi) -> None:
    drawn(engine, request(scheduler="DPM++ 2M", seed=2**32 - 1, guidance_scale=3.5, steps=9, width=72))
    [asked] = ui.asked
    wanted = {
        "prompt": "a red backpack",
        "negative_prompt": "blurry",
        "sampler_name": "DPM++ 2M",
        "scheduler": "automatic",
        "seed": 2**32 - 1,
        "cfg_scale": 3.5,
        "steps": 9,
        "width": 72,
        "override_settings": {"sd_model_checkpoint": "v1-5-pruned.safetensors [6ce0161689]"},
    }
    assert {name: asked[name] for name in wanted} == wanted


def test_image_to_image_sends_the_fitted_picture_and_counts_the_steps_that_ran(
    engine: A1111Engine, ui: WebUi
) -> None:
    ui.step_seconds = 0.1
    photo = plain_png(Image.new("RGB", (300, 200), "red"))
    wanted = request(mode="img2img", strength=0.5, source=GIVEN, width=128, height=64)
    last = events(engine, wanted, photo)[-1]
    assert isinstance(last, Done), last
    [asked] = ui.asked
    assert asked["denoising_strength"] == 0.5
    assert len(asked["init_images"]) == 1
    assert last.picture.drawn.effective_steps == 3  # as the server counted them


def test_a_mask_reaches_the_server_with_what_is_drawn_around_it(engine: A1111Engine, ui: WebUi) -> None:
    photo = plain_png(Image.new("RGB", (300, 200), "red"))
    mask = mask_bytes(rectangle(128, 64, 10, 10, 60, 50))
    kept = Mask(file="m.png", sha256="0" * 64, padding=6)
    wanted = request(mode="inpaint", strength=1.0, source=GIVEN, mask=kept, width=128, height=64)
    last = list(engine.submit(wanted, model=MODEL, inputs=Inputs(photo, mask)).events())[-1]
    assert isinstance(last, Done), last
    [asked] = ui.asked
    assert base64.b64decode(asked["mask"]) == mask
    assert (asked["inpaint_full_res"], asked["inpaint_full_res_padding"]) == (True, 6)
    assert asked["inpainting_mask_invert"] == 0
    refused = list(engine.submit(wanted, model=MODEL, inputs=Inputs(photo, b"none")).events())[-1]
    assert isinstance(refused, Failed)
    assert refused.code == "bad_mask"


@pytest.mark.parametrize(
    "lacks",
    [
        {"/internal/progress"},
        {"/internal/progress", "/sdapi/v1/progress", "/sdapi/v1/interrupt"},
        {"/sdapi/v1/samplers", "/sdapi/v1/schedulers", "/sdapi/v1/options"},
    ],
)
def test_what_a_server_lacks_costs_no_picture(engine: A1111Engine, ui: WebUi, lacks: set[str]) -> None:
    ui.lacks, ui.step_seconds = lacks, 0.05
    found = events(engine, request())
    assert isinstance(found[-1], Done), found[-1]
    assert any(isinstance(each, Step) for each in found) == ("/sdapi/v1/progress" not in lacks)


def test_without_info_the_picture_itself_is_read(engine: A1111Engine, ui: WebUi) -> None:
    ui.empty_info, ui.version = True, "stable-diffusion.cpp"
    service = drawn(engine, request())
    assert (service.seed, service.steps, service.version) == (42, 4, "stable-diffusion.cpp")


def test_stopping_interrupts_it_at_the_server(engine: A1111Engine, ui: WebUi) -> None:
    ui.hold.clear()
    job = engine.submit(request(), model=MODEL)
    wait_for(lambda: ui.current == job.id)
    job.cancel()
    assert isinstance(list(job.events())[-1], Cancelled)
    wait_for(lambda: ui.current is None)
    assert ui.interrupts == 1
    ui.hold.set()
    assert isinstance(events(engine, request())[-1], Done)


@pytest.mark.parametrize("lacks", [set(), {"/internal/progress"}])
def test_somebody_elses_picture_is_neither_shown_nor_stopped(
    engine: A1111Engine, ui: WebUi, address: str, lacks: set[str]
) -> None:
    ui.lacks = lacks
    ui.hold.clear()
    theirs = {"prompt": "theirs", "steps": 4, "sampler_name": "Euler", "force_task_id": "theirs"}
    other = threading.Thread(
        target=lambda: httpx2.post(f"{address}/sdapi/v1/txt2img", json=theirs, timeout=60), daemon=True
    )
    other.start()
    wait_for(lambda: ui.current == "theirs")
    job = engine.submit(request(), model=MODEL)
    wait_for(lambda: job.id in ui.pending)
    wait_for(lambda: job.latest == Queued(1))
    job.cancel()
    time.sleep(0.3)
    assert ui.interrupts == 0
    assert ui.current == "theirs"
    ui.hold.set()
    other.join(10)
    assert not any(isinstance(each, Step) for each in job.events())


def test_without_tasks_its_own_is_stopped_where_the_server_was_idle(engine: A1111Engine, ui: WebUi) -> None:
    ui.lacks = {"/internal/progress"}
    ui.hold.clear()
    job = engine.submit(request(), model=MODEL)
    wait_for(lambda: ui.current == job.id)
    job.cancel()
    wait_for(lambda: ui.current is None)
    assert ui.interrupts == 1


def test_one_waits_for_the_other_and_batches_for_people(engine: A1111Engine, ui: WebUi) -> None:
    ui.hold.clear()
    first = engine.submit(request(seed=1), model=MODEL)
    wait_for(lambda: len(ui.asked) == 1)
    batch = engine.submit(request(seed=2), model=MODEL, background=True)
    person = engine.submit(request(seed=3), model=MODEL)
    gone = engine.submit(request(seed=4), model=MODEL)
    assert (person.latest, gone.latest, batch.latest) == (Queued(1), Queued(2), Queued(3))
    gone.cancel()
    ui.hold.set()
    assert all(isinstance(list(job.events())[-1], Done) for job in (first, batch, person))
    assert [asked["seed"] for asked in ui.asked] == [1, 3, 2]


def test_closing_ends_what_waits_and_what_runs(engine: A1111Engine, ui: WebUi) -> None:
    ui.hold.clear()
    jobs = [engine.submit(request(), model=MODEL) for _ in range(3)]
    wait_for(lambda: len(ui.asked) == 1)
    engine.close()
    assert all(isinstance(list(job.events())[-1], Cancelled) for job in jobs)
    wait_for(lambda: ui.current is None)
    assert len(ui.asked) == 1


@pytest.fixture
def record(engine: A1111Engine, tmp_path: Path) -> Manifest:
    store = Store(tmp_path / "work", "tp2", "jane.doe")
    saved = list(generate(store, engine, "studio", "studio", request(), model=MODEL).events())[-1]
    assert isinstance(saved, PictureSaved), saved
    return read_manifest_file(saved.record.manifest_path)


def test_the_manifest_says_what_the_server_told(record: Manifest, address: str) -> None:
    assert record.model.id == MODEL
    service = record.service
    assert isinstance(service, A1111Service)
    assert (service.name, service.version, service.address) == ("A1111", "v1.10.1", address)
    assert service.checkpoint == "v1-5-pruned.safetensors [6ce0161689]"
    assert (service.seed, service.steps, service.sampler) == (42, 4, "Euler a")
    assert service.schedule == "Automatic"
    assert service.told is not None
    assert service.told.startswith("a red backpack")


def test_code_prints_a_script_that_draws_it_again(record: Manifest, address: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = python_script(record, "en")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    again = Image.open(tmp_path / "studio-again.png")
    assert again.convert("RGB").tobytes() == noise(42, 64, 64).tobytes()


def test_verify_says_who_drew_it(record: Manifest, tmp_path: Path) -> None:
    picture = (tmp_path / "work" / "tp2" / "outputs" / record.image.file).read_bytes()
    found = verify(record, picture, None, QuickEngine())
    service = record.service
    assert service is not None
    said = {"version": service.version, "address": service.address, "model": MODEL}
    assert found.verdict == "not checkable"
    assert found.causes == (translator("lab", "en")("verify.a1111_image", **said),)


TP2 = find_assignment("tp2")
RUNS = [
    pytest.param(exercise, run, id=run.id)
    for exercise in TP2.exercises
    for run in getattr(exercise, "runs", ())
    if run.parameters.mode == "img2img"
]


@pytest.mark.parametrize(("exercise", "run"), RUNS[:1])
@pytest.mark.parametrize("lacks", [set(), {"/progress"}])
def test_image_to_image_is_as_planned_however_many_steps_ran(
    engine: A1111Engine,
    ui: WebUi,
    tmp_path: Path,
    exercise: object,
    run: object,
    lacks: set[str],
) -> None:
    from typing import Any, cast

    ui.lacks, plan, of = lacks, cast("Any", run), cast("Any", exercise)
    store = Store(tmp_path / "work", TP2.id, "jane")
    source = store.add_source(plain_png(Image.effect_noise((200, 100), 90).convert("RGB")))
    asked = request_for(plan.parameters, MODEL, source)
    saved = list(generate(store, engine, of.id, plan.id, asked, model=MODEL).events())[-1]
    assert isinstance(saved, PictureSaved), saved
    submission = open_work(store.folder.parent, TP2.id, "jane")
    assert deviations(plan, submission.attempts(of.id, plan.id)[-1]) == []
    script = python_script(saved.record.manifest, "fr")
    compile(script, "script", "exec")
    assert "init_images" in script
