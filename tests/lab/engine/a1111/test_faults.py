"""Every fault of a server with A1111's API ends in its own message, and leaves nothing under way."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lab.engine import elsewhere
from lab.engine.a1111 import engine as module
from lab.engine.a1111.engine import A1111Engine
from lab.engine.protocol import Done, Failed, Loading, Step
from lab.jobs.generate import PictureSaved, generate
from lab.models.a1111 import server
from manifests.manifest import Request
from manifests.png import plain_png
from manifests.reader import read_manifest_file
from manifests.store import Store
from tests.lab.comfyui.serving import Faults
from tests.lab.engine.a1111.serving import WebUi, encoded, noise, served
from tests.lab.engine.a1111.test_drawing import MODEL, events, wait_for
from tests.lab.engine.comfy.asking import request

ROOT = Path(__file__).parents[4]
DRAW = "POST /sdapi/v1/txt2img"
UNPROCESSABLE = {"detail": [{"loc": ["body", "steps"], "msg": "value is not a valid integer", "type": "x"}]}
OUT_OF_MEMORY = {
    "error": "OutOfMemoryError",
    "detail": "",
    "body": "",
    "errors": "CUDA out of memory. Tried to allocate 2.00 GiB",
}


def failure(engine: A1111Engine, wanted: Request | None = None, model: str = MODEL) -> Failed:
    last = list(engine.submit(wanted or request(), model=model).events())[-1]
    assert isinstance(last, Failed), last
    for language in ("en", "fr"):
        assert last.text(language)  # every value that the text needs is there
    return last


def answer(picture: object, **more: Any) -> bytes:
    return json.dumps({"images": [picture], "info": "{}"} | more).encode()


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (422, json.dumps(UNPROCESSABLE).encode(), "a1111_invalid", "steps"),
        (422, b'{"detail": [5, {"loc": 7}]}', "a1111_invalid", "?"),
        (422, b'{"detail": "always on script x not found"}', "a1111_refused", "always on script"),
        (500, json.dumps(OUT_OF_MEMORY).encode(), "a1111_out_of_memory", "384"),
        (500, b'{"error": "server_error", "message": "bad sampler"}', "a1111_refused", "bad sampler"),
        (500, b"<html>no</html>", "a1111_refused", "500"),
        (404, b'{"detail": "Sampler not found"}', "a1111_refused", "Sampler not found"),
        (404, b'{"detail": "Not Found"}', "a1111_no_api", "--api"),
        (401, b'{"detail": "Incorrect username or password"}', "a1111_forbidden", "STABLE_DIFFUSION_AUTH"),
        (503, b"", "a1111_busy", "moment"),
        (400, b'{"error": "prompt required"}', "a1111_refused", "prompt required"),
        (200, b"no json", "a1111_no_api", "--api"),
        (200, b"[" * 100_000, "a1111_no_api", "--api"),
        (200, b"[]", "a1111_no_picture", "without"),
        (200, b'{"images": [], "info": ""}', "a1111_no_picture", "without"),
        (200, answer(5), "a1111_no_picture", "without"),
        (200, answer("no base64!"), "a1111_bad_picture", "base64"),
        (200, answer(base64.b64encode(b"no picture").decode()), "a1111_bad_picture", "cannot be used"),
    ],
)
def test_other_answers_are_told(
    engine: A1111Engine, faults: Faults, status: int, body: bytes, code: str, said: str
) -> None:
    faults.answers[DRAW] = (status, body)
    failed = failure(engine)
    assert failed.code == code
    assert said in failed.text("en")
    faults.answers.clear()
    assert isinstance(events(engine, request())[-1], Done)


def test_memory_that_runs_out_there_is_told(engine: A1111Engine, ui: WebUi) -> None:
    ui.wrong = RuntimeError("DefaultCPUAllocator: can't allocate memory")
    assert failure(engine).code == "a1111_out_of_memory"


def test_an_answer_too_large_is_not_taken(
    engine: A1111Engine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ANSWER", 100_000)
    faults.answers[DRAW] = (200, b" " * 100_001)
    assert failure(engine).code == "a1111_too_large"


def test_a_time_out_stops_it_at_the_server(
    engine: A1111Engine, ui: WebUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "USUAL_SECONDS", 1)
    ui.hold.clear()
    failed = failure(engine)
    assert (failed.code, failed.values["seconds"]) == ("a1111_time_out", 1)
    wait_for(lambda: ui.current is None)
    assert ui.interrupts == 1


def test_a_time_out_without_interrupt_says_that_the_server_goes_on(
    engine: A1111Engine, ui: WebUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "USUAL_SECONDS", 1)
    ui.lacks = {"/internal/progress", "/sdapi/v1/progress", "/sdapi/v1/interrupt"}
    monkeypatch.setattr(module, "ENDS", 600.0)
    monkeypatch.setattr(module, "WAITS", 600.0)
    ui.hold.clear()
    assert failure(engine).code == "a1111_time_out_goes_on"  # told at once, not when the server is done
    assert ui.current is not None
    ui.hold.set()
    wait_for(lambda: ui.current is None)
    assert ui.interrupts == 0
    assert isinstance(events(engine, request())[-1], Done)


def test_time_in_somebody_elses_queue_does_not_count(
    engine: A1111Engine, ui: WebUi, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx2

    monkeypatch.setattr(elsewhere, "USUAL_SECONDS", 1)
    ui.hold.clear()
    theirs = {"steps": 1, "sampler_name": "Euler", "force_task_id": "theirs"}
    other = threading.Thread(
        target=lambda: httpx2.post(f"{address}/sdapi/v1/txt2img", json=theirs, timeout=60), daemon=True
    )
    other.start()
    wait_for(lambda: ui.current == "theirs")
    job = engine.submit(request(), model=MODEL)
    wait_for(lambda: job.id in ui.pending)
    time.sleep(1.5)
    ui.hold.set()
    assert isinstance(list(job.events())[-1], Done)


def test_a_server_that_drips_is_given_up(
    engine: A1111Engine, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "USUAL_SECONDS", 1)
    monkeypatch.setattr(module, "ENDS", 0.5)
    faults.dripping.add(DRAW)
    assert failure(engine).code == "a1111_time_out_goes_on"
    faults.dripping.clear()
    assert isinstance(events(engine, request())[-1], Done)


def test_progress_that_drips_or_lies_delays_no_picture(
    engine: A1111Engine, faults: Faults, ui: WebUi, monkeypatch: pytest.MonkeyPatch
) -> None:
    ui.step_seconds = 0.05
    for body in (b"[]", b"no", b'{"state": 7, "current_image": 5, "progress": "x"}', b"[" * 100_000):
        faults.answers = {"GET /sdapi/v1/progress": (200, body), "POST /internal/progress": (200, body)}
        assert isinstance(events(engine, request())[-1], Done)
    told = {"state": {"job": "x", "sampling_step": 9, "sampling_steps": 2}, "current_image": "!!"}
    faults.answers = {"GET /sdapi/v1/progress": (200, json.dumps(told).encode())}
    found = events(engine, request())
    assert isinstance(found[-1], Done)
    assert not any(isinstance(each, Step) for each in found)


def test_a_stop_by_somebody_else_is_told(engine: A1111Engine, ui: WebUi) -> None:
    ui.hold.clear()
    job = engine.submit(request(), model=MODEL)
    wait_for(lambda: ui.current == job.id)
    time.sleep(0.2)
    ui.state["interrupted"] = True
    last = list(job.events())[-1]
    assert isinstance(last, Failed), last
    assert last.code == "a1111_interrupted"


KILLED = """\
import sys, time
from tests.lab.engine.a1111.serving import WebUi, served
ui = WebUi()
ui.hold.clear()
with served(ui) as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("comes_back", "code"), [(True, "a1111_restarted"), (False, "a1111_gone")])
def test_a_server_that_is_killed_in_the_middle_is_told(
    monkeypatch: pytest.MonkeyPatch, comes_back: bool, code: str
) -> None:
    engine = A1111Engine()
    command, here = [sys.executable, "-c", KILLED], os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=here) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        monkeypatch.setenv("STABLE_DIFFUSION_URL", url)
        if comes_back:  # it is there again before anybody could look
            monkeypatch.setattr(server.Server, "speaks", lambda self: True)
        job = engine.submit(request(), model=MODEL)
        wait_for(lambda: isinstance(job.latest, Loading))
        process.kill()
    last = list(job.events())[-1]
    assert isinstance(last, Failed), last
    assert last.code == code
    assert last.text("fr")
    with served(WebUi(), port=int(url.rpartition(":")[2])):
        server._server.cache_clear()
        assert isinstance(events(engine, request())[-1], Done)
    engine.close()


def test_one_that_breaks_off_in_the_middle_is_told(engine: A1111Engine, faults: Faults) -> None:
    async def cut(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].endswith("txt2img"):
            headers = [(b"content-length", b"1000")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b'{"ima', "more_body": True})
            raise RuntimeError
        await whole(scope, receive, send)

    whole, faults.app = faults.app, cut
    failed = failure(engine)
    assert failed.code == "a1111_restarted"
    faults.app = whole
    assert isinstance(events(engine, request())[-1], Done)


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STABLE_DIFFUSION_URL", "http://127.0.0.1:9")
    assert failure(A1111Engine()).code == "a1111_gone"
    monkeypatch.delenv("STABLE_DIFFUSION_URL")
    assert failure(A1111Engine()).code == "a1111_not_set"


def test_another_model_than_was_asked_for_is_not_recorded(engine: A1111Engine, ui: WebUi) -> None:
    ui.ignores_checkpoints = True
    assert isinstance(events(engine, request())[-1], Done)
    failed = failure(engine, model="a1111:dreamy_xl")
    assert failed.code == "a1111_other_model"
    assert "v1-5-pruned" in failed.text("fr")


@pytest.mark.parametrize(
    ("changes", "model", "code", "named"),
    [
        ({}, "a1111:other", "a1111_no_checkpoint", "dreamy_xl"),
        ({"scheduler": "UniPC"}, MODEL, "a1111_no_sampler", "Euler a"),
        ({"steps": 151}, MODEL, "bad_steps", "151"),
        ({"width": 70}, MODEL, "bad_size", "70"),
        (
            {"prompt": '<sd_cpp_extra_args>{"seed": 1}</sd_cpp_extra_args>'},
            MODEL,
            "a1111_arguments",
            "sd_cpp",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(
    engine: A1111Engine, ui: WebUi, changes: dict[str, Any], model: str, code: str, named: str
) -> None:
    failed = failure(engine, request().model_copy(update=changes), model)
    assert failed.code == code
    assert named in failed.text("en")
    assert ui.asked == []


def test_a_server_that_asks_for_a_login_gets_it_and_nobody_else_sees_it(
    ui: WebUi, address: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    ui.login = "jane:s3cr:et"
    engine = A1111Engine()
    assert failure(engine).code == "a1111_forbidden"
    for name, value in (
        ("STABLE_DIFFUSION_AUTH", "jane:s3cr:et"),
        ("STABLE_DIFFUSION_URL", address.replace("://", "://jane:s3cr%3Aet@")),
    ):
        server._server.cache_clear()
        monkeypatch.setenv(name, value)
        last = events(engine, request())[-1]
        assert isinstance(last, Done), last
        assert last.picture.drawn.service is not None
        assert last.picture.drawn.service.address == address
        assert "s3cr" not in repr(last)
        monkeypatch.delenv("STABLE_DIFFUSION_AUTH", raising=False)
    ui.wrong = RuntimeError("no")
    assert "s3cr" not in failure(engine).text("en")
    monkeypatch.setenv("STABLE_DIFFUSION_URL", "http://jane:s3cret@127.0.0.1:9")
    assert "s3cr" not in failure(engine).text("en")
    assert "s3cr" not in caplog.text


def test_whatever_is_said_of_a_picture_breaks_no_record(engine: A1111Engine, faults: Faults) -> None:
    picture = encoded(noise(1, 64, 64), "x\nSteps: 9999999999999999999999, Seed: -, Model: ")
    for info in ("", "[]", "{", "[" * 90_000, json.dumps({"seed": "x", "steps": -1, "version": 5}), 7, None):
        faults.answers[DRAW] = (200, answer(picture, info=info))
        last = events(engine, request())[-1]
        assert isinstance(last, Done), (info, last)
        assert last.picture.drawn.effective_steps == 4
        assert last.picture.drawn.model.revision == "unknown"
    huge = json.dumps({"infotexts": ["x" * 500_000], "sd_model_name": "v1-5-pruned", "version": "v" * 900})
    faults.answers[DRAW] = (200, answer(picture, info=huge))
    assert isinstance(events(engine, request())[-1], Done)


def test_a_data_url_is_a_picture_too(engine: A1111Engine, faults: Faults) -> None:
    picture = base64.b64encode(plain_png(Image.new("RGB", (64, 64), "blue"))).decode()
    faults.answers[DRAW] = (200, answer(f"data:image/png;base64,{picture}"))
    assert isinstance(events(engine, request())[-1], Done)


def test_a_redirect_is_not_followed(engine: A1111Engine, faults: Faults) -> None:
    faults.answers[DRAW] = (302, b"")
    assert failure(engine).code == "a1111_refused"


def test_half_a_character_in_what_is_told_costs_no_picture(
    engine: A1111Engine, faults: Faults, tmp_path: Path
) -> None:
    picture = base64.b64encode(plain_png(noise(1, 64, 64))).decode()
    info = json.dumps({"infotexts": ["\ud800\nSteps: 4"], "version": "v\udfff", "sampler_name": "\ud800"})
    faults.answers[DRAW] = (200, answer(picture, info=info))
    store = Store(tmp_path, "tp2", "jane")
    saved = list(generate(store, engine, "studio", "studio", request(), model=MODEL).events())[-1]
    assert isinstance(saved, PictureSaved), saved
    assert read_manifest_file(saved.record.manifest_path).service is not None
    faults.answers[DRAW] = (500, b'{"errors": "\\ud800"}')
    failure(engine).text("en").encode()


def test_a_web_ui_without_its_api_is_told(engine: A1111Engine, ui: WebUi) -> None:
    ui.lacks = {"/sd-models", "/options", "/samplers", "/schedulers", "/txt2img", "/progress"}
    failed = failure(engine)
    assert failed.code == "a1111_no_api"
    assert "--api" in failed.text("fr")
