"""A picture by a ComfyUI server, from request to record."""

import io
import json
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from exercises.i18n import translator
from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.protocol import Cancelled, Done, Loading, Step
from lab.jobs.generate import PictureSaved, generate
from lab.records.code import python_script
from lab.records.read_parameters import read_parameters
from lab.records.verify import verify
from manifests.manifest import Manifest
from manifests.png import plain_png
from manifests.reader import read_manifest_file
from manifests.service import ComfyuiService, workflow_sha256
from manifests.store import Store
from tests.lab.comfyui.serving import Faults, graph
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.engine.comfy.asking import GIVEN, MODEL, events, queue_is_clean, request


def test_progress_previews_and_the_picture_come_in_order(engine: ComfyuiEngine) -> None:
    found = events(engine, request())
    kinds = list(dict.fromkeys(type(each) for each in found))
    assert [kind for kind in kinds if kind in (Loading, Step, Done)] == [Loading, Step, Done]
    assert any(isinstance(each, Step) and each.preview is not None for each in found)
    done = found[-1]
    assert isinstance(done, Done)
    assert done.picture.image.size == (64, 64)
    assert done.picture.drawn.effective_steps == 4


def test_without_a_websocket_it_ends_as_well(engine: ComfyuiEngine, faults: Faults) -> None:
    faults.no_websocket = True
    found = events(engine, request())
    assert isinstance(found[-1], Done)
    assert not any(isinstance(each, Step) for each in found)


def test_image_to_image_uploads_the_fitted_picture(engine: ComfyuiEngine, quick: QuickEngine) -> None:
    photo = plain_png(Image.new("RGB", (300, 200), "red"))
    found = events(engine, request(mode="img2img", strength=0.5, source=GIVEN, width=128, height=64), photo)
    assert isinstance(found[-1], Done), found[-1]
    asked = quick.requests[-1]
    assert (asked.mode, asked.strength, asked.width, asked.height) == ("img2img", 0.5, 128, 64)
    assert int(asked.steps * 0.5) == 4  # as many as were asked for
    service = found[-1].picture.drawn.service
    assert isinstance(service, ComfyuiService)
    loaded = next(node for node in service.workflow.values() if node.class_type == "LoadImage")
    assert str(loaded.inputs["image"]).startswith("genai-lab/")


def test_every_parameter_reaches_the_sampler(engine: ComfyuiEngine, quick: QuickEngine) -> None:
    events(engine, request(scheduler="DPM++ 2M", seed=2**32 - 1, guidance_scale=3.5, steps=9, width=72))
    asked = quick.requests[-1]
    assert (asked.scheduler, asked.seed, asked.guidance_scale, asked.steps, asked.width) == (
        "DPM++ 2M",
        2**32 - 1,
        3.5,
        9,
        72,
    )
    assert (asked.prompt, asked.negative_prompt) == ("a red backpack", "blurry")


def test_stopping_interrupts_its_own_job_alone(
    engine: ComfyuiEngine, quick: QuickEngine, address: str
) -> None:
    quick.slow = True
    others = httpx2.post(f"{address}/prompt", json={"prompt": graph()}).json()["prompt_id"]
    job = engine.submit(request(), model=MODEL)
    for _ in range(200):
        if any(item[1] == job.id for item in httpx2.get(f"{address}/queue").json()["queue_pending"]):
            break
    job.cancel()
    assert isinstance(list(job.events())[-1], Cancelled)
    for _ in range(200):
        told = httpx2.get(f"{address}/queue").json()
        if not told["queue_pending"]:
            break
    assert [item[1] for item in told["queue_running"]] == [others]
    second = engine.submit(request(), model=MODEL)
    httpx2.post(f"{address}/interrupt", json={"prompt_id": others})
    for event in second.events():
        if isinstance(event, Loading):
            second.cancel()
    assert queue_is_clean(address)


@pytest.fixture
def record(engine: ComfyuiEngine, tmp_path: Path) -> Manifest:
    store = Store(tmp_path / "work", "tp2", "jane.doe")
    saved = list(generate(store, engine, "studio", "studio", request(), model=MODEL).events())[-1]
    assert isinstance(saved, PictureSaved)
    return read_manifest_file(saved.record.manifest_path)


def test_the_manifest_holds_the_server_and_the_whole_workflow(
    record: Manifest, address: str, tmp_path: Path
) -> None:
    service = record.service
    assert isinstance(service, ComfyuiService)
    assert (service.name, service.address, service.checkpoint) == ("ComfyUI", address, "mini.safetensors")
    assert service.version.startswith("0.3.64")
    assert record.model.id == MODEL
    assert service.workflow_sha256 == workflow_sha256(service.graph())
    assert service.workflow["5"].inputs["seed"] == 42
    picture = (tmp_path / "work" / "tp2" / "outputs" / record.image.file).read_bytes()
    texts = Image.open(io.BytesIO(picture)).info
    assert json.loads(texts["prompt"]) == service.graph()  # ComfyUI's page opens the graph by it
    found = read_parameters(picture)
    assert found is not None
    assert found.values["prompt"] == "a red backpack"


def test_code_prints_a_script_that_draws_it_again(record: Manifest, address: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = python_script(record, "en")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "studio-again.png").size == (64, 64)


def test_verify_says_that_a_comfyui_server_drew_it(record: Manifest, tmp_path: Path) -> None:
    picture = (tmp_path / "work" / "tp2" / "outputs" / record.image.file).read_bytes()
    found = verify(record, picture, None, QuickEngine())
    assert found.verdict == "not checkable"
    assert found.causes == (
        translator("lab", "en")(
            "verify.comfyui_image",
            version=record.service.version if record.service else "",
            address=record.service.address if record.service else "",
            model=MODEL,
        ),
    )
    changed = verify(record, plain_png(Image.new("RGB", (64, 64), "blue")), None, QuickEngine())
    assert changed.verdict == "different"
