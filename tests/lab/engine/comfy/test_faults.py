"""Every fault of a ComfyUI server ends in its own message, and leaves its queue clean."""

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from PIL import Image

from lab.engine import elsewhere
from lab.engine.comfy import asking as asking_module
from lab.engine.comfy.engine import ComfyuiEngine
from lab.engine.inputs import Inputs
from lab.engine.protocol import Done, Failed, Step, Unreachable
from lab.models import http
from lab.models.comfyui import server
from lab.models.comfyui.entries import comfyui_entries
from lab.models.http import Connection, NoAnswer
from manifests.png import plain_png
from tests.lab.comfyui.serving import Faults, served
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.engine.comfy.asking import GIVEN, MODEL, events, failure, queue_is_clean, request

NODE_ERRORS = {
    "error": {
        "type": "prompt_outputs_failed_validation",
        "message": "failed",
        "details": "",
        "extra_info": {},
    },
    "node_errors": {
        "5": {
            "errors": [{"type": "value_not_in_list", "message": "Value not in list", "details": "cfg: 7"}],
            "dependent_outputs": ["7"],
            "class_type": "KSampler",
        }
    },
}


def test_a_refused_graph_names_its_node(engine: ComfyuiEngine, faults: Faults, address: str) -> None:
    faults.answers["POST /prompt"] = (400, json.dumps(NODE_ERRORS).encode())
    failed = failure(engine)
    assert failed.code == "comfyui_refused_node"
    assert "KSampler" in failed.text("en")
    assert "cfg: 7" in failed.text("en")
    assert queue_is_clean(address)


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (Failed("internal"), "comfyui_failed"),
        (Failed("out_of_memory", {"model": "mini"}), "comfyui_out_of_memory"),
    ],
)
@pytest.mark.parametrize("without_websocket", [False, True])
def test_a_node_that_fails_is_told(
    engine: ComfyuiEngine,
    quick: QuickEngine,
    faults: Faults,
    address: str,
    ending: Failed,
    code: str,
    without_websocket: bool,
) -> None:
    faults.no_websocket, quick.ending = without_websocket, ending
    failed = failure(engine)
    assert failed.code == code
    assert "KSampler" in failed.text("fr")
    assert queue_is_clean(address)


def test_what_was_cleared_from_the_history_is_lost(
    engine: ComfyuiEngine, faults: Faults, address: str
) -> None:
    faults.answers["GET /history/"] = (200, b"{}")
    assert failure(engine).code == "comfyui_lost"
    assert queue_is_clean(address)


def test_a_restart_in_the_middle_is_told(
    engine: ComfyuiEngine, quick: QuickEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = QuickEngine(slow=True)
    with served(slow, tmp_path / "first") as url:
        server._server.cache_clear()
        monkeypatch.setenv("COMFYUI_API_URL", url)
        job = ComfyuiEngine(give_up=20.0).submit(request(), model=MODEL)
        for event in job.events():
            if isinstance(event, Step):
                break
    with served(QuickEngine(), tmp_path / "second", port=urlsplit(url).port or 0):
        found = list(job.events())
        assert isinstance(found[-1], Failed)
        assert found[-1].code in ("comfyui_restarted", "comfyui_interrupted")
        assert found[-1].text("fr")
        assert queue_is_clean(url)


def test_one_that_came_back_knowing_nothing_was_started_anew(
    engine: ComfyuiEngine, quick: QuickEngine, faults: Faults, address: str
) -> None:
    quick.slow = True
    job = engine.submit(request(), model=MODEL)
    for event in job.events():
        if isinstance(event, Step):
            faults.answers["GET /history/"] = (503, b"")
        if isinstance(event, Unreachable):
            faults.answers |= {"GET /history/": (200, b"{}"), "GET /queue": (200, b"{}")}
    assert isinstance(job.latest, Failed)
    assert job.latest.code == "comfyui_restarted"
    faults.answers.clear()
    httpx2.post(f"{address}/interrupt", json={})
    assert queue_is_clean(address)


def test_a_server_that_drips_is_given_up(
    engine: ComfyuiEngine, quick: QuickEngine, faults: Faults, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "SECONDS", 0.3)
    quick.slow = True
    faults.dripping.add("GET /history/")
    found = events(engine, request())
    assert any(isinstance(each, Unreachable) for each in found)
    assert isinstance(found[-1], Failed)
    assert found[-1].code == "comfyui_gone"
    assert queue_is_clean(address)


def test_headers_that_never_end_are_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """One at a time: each comes within the time that a read may take."""
    monkeypatch.setattr(http, "SECONDS", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            client.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(100):
                client.sendall(b"x%d: y\r\n" % number)
                time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with listener, pytest.raises(NoAnswer):
        Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", {}).get_json("/queue")
    assert time.monotonic() - began < 5


def test_a_short_absence_costs_nothing(engine: ComfyuiEngine, quick: QuickEngine, faults: Faults) -> None:
    quick.slow = True
    job = engine.submit(request(), model=MODEL)
    for event in job.events():
        if isinstance(event, Step):
            faults.answers["GET /history/"] = (502, b"<html>")
            break
    for event in job.events():
        if isinstance(event, Unreachable):
            faults.answers.clear()
            for each in quick.jobs:
                assert each._gate is not None
                each._gate.set()
    assert isinstance(job.latest, Done)


def test_a_time_out_stops_it_at_the_server(
    engine: ComfyuiEngine, quick: QuickEngine, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "USUAL_SECONDS", 1)
    quick.slow = True
    failed = failure(engine)
    assert (failed.code, failed.values["seconds"]) == ("comfyui_time_out", 1)
    assert "384" in failed.text("en")
    assert queue_is_clean(address)


def test_a_heavy_picture_may_take_longer(address: str) -> None:
    found = [
        asking_module.asking(server.Server(_settings(address)), "comfy:x", request(**sizes), Inputs()).seconds
        for sizes in ({}, {"width": 512, "height": 512, "steps": 150})
    ]
    assert found == [300, 600]


def _settings(address: str) -> server.ComfyuiSettings:
    return server.ComfyuiSettings(url=address)


def test_a_stop_by_somebody_else_is_told(engine: ComfyuiEngine, quick: QuickEngine, address: str) -> None:
    quick.slow = True
    job = engine.submit(request(), model=MODEL)
    for event in job.events():
        if isinstance(event, Step):
            httpx2.post(f"{address}/interrupt", json={})
    assert isinstance(job.latest, Failed)
    assert job.latest.code == "comfyui_interrupted"
    assert queue_is_clean(address)


@pytest.mark.parametrize(
    ("path", "status", "body", "code"),
    [
        ("POST /prompt", 401, b"", "comfyui_forbidden"),
        ("POST /prompt", 429, b"{}", "comfyui_busy"),
        ("POST /prompt", 500, b"<html>no</html>", "comfyui_refused"),
        ("POST /prompt", 400, b'{"error": "no", "node_errors": [1]}', "comfyui_refused"),
        ("POST /prompt", 200, b"no json", "comfyui_gone"),
        ("GET /object_info/", 200, b"<html>", "comfyui_gone"),
        ("GET /object_info/", 200, b"{}", "comfyui_no_node"),
        ("GET /object_info/KSampler", 200, b"{}", "comfyui_no_node"),
        ("GET /view", 200, b"no picture", "comfyui_bad_picture"),
        ("GET /view", 404, b"", "comfyui_no_picture"),
    ],
)
def test_other_answers_are_told(
    engine: ComfyuiEngine, faults: Faults, address: str, path: str, status: int, body: bytes, code: str
) -> None:
    faults.answers[path] = (status, body)
    assert failure(engine).code == code
    assert queue_is_clean(address)


HALF = b'"\\ud800"'  # of a character: JSON can hold it, no text can


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("GET /system_stats", b'{"system": {"comfyui_version": %b}, "devices": [{"name": %b}]}'),
        ("POST /prompt", b'{"prompt_id": %b}'),
        ("GET /object_info/", b'{"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [[%b]]}}}}'),
        ("GET /history/", b'{"ID": {"outputs": {"7": {"images": [{"filename": %b}]}}, "status": {}}}'),
        ("GET /history/", b'{"ID": {"status": {"messages": [["execution_error", {"node_type": %b}]]}}}'),
        ("POST /upload/image", b'{"name": %b}'),
    ],
)
def test_half_a_character_in_what_a_server_says_is_replaced(
    engine: ComfyuiEngine, faults: Faults, address: str, path: str, body: bytes
) -> None:
    """It could be neither shown, nor sent, nor written into a manifest."""
    photo = plain_png(Image.new("RGB", (64, 64)))
    job = engine.submit(
        request(mode="img2img", strength=0.5, source=GIVEN), model=MODEL, inputs=Inputs(photo)
    )
    faults.answers[path] = (200, body.replace(b"%b", HALF).replace(b"ID", job.id.encode()))
    last = list(job.events())[-1]
    if isinstance(last, Failed):
        assert last.code.startswith("comfyui_")
        last.text("fr").encode()
    else:
        assert isinstance(last, Done)
        assert last.picture.drawn.service is not None
        last.picture.drawn.service.model_dump_json()


def test_a_checkpoint_with_half_a_character_in_its_name_is_listed_so_that_a_page_can_show_it(
    faults: Faults, address: str
) -> None:
    told = b'{"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [[%b]]}}}}'
    faults.answers["GET /object_info/CheckpointLoaderSimple"] = (200, told.replace(b"%b", HALF))
    assert [entry.name.encode() for entry in comfyui_entries()] == [b"ComfyUI: ?"]


def test_what_was_added_to_the_server_a_moment_ago_is_found(engine: ComfyuiEngine, faults: Faults) -> None:
    told = {"CheckpointLoaderSimple": {"input": {"required": {"ckpt_name": [["other.safetensors"], {}]}}}}
    faults.answers["GET /object_info/CheckpointLoaderSimple"] = (200, json.dumps(told).encode())
    assert failure(engine).code == "comfyui_no_checkpoint"
    faults.answers.clear()
    assert isinstance(events(engine, request())[-1], Done)


def test_an_upload_that_is_not_kept_is_told(engine: ComfyuiEngine, faults: Faults) -> None:
    faults.answers["POST /upload/image"] = (200, b"[]")
    photo = plain_png(Image.new("RGB", (64, 64)))
    wanted = request(mode="img2img", strength=0.5, source=GIVEN)
    assert failure(engine, wanted, photo).code == "comfyui_no_upload"


@pytest.mark.parametrize("entry", ["[]", '{"ID": 5}', '{"ID": {"status": "x", "outputs": []}}'])
def test_a_history_of_another_shape_is_no_picture(
    engine: ComfyuiEngine, faults: Faults, address: str, entry: str
) -> None:
    job = engine.submit(request(), model=MODEL)
    faults.answers["GET /history/"] = (200, entry.replace("ID", job.id).encode())
    last = list(job.events())[-1]
    assert isinstance(last, Failed | Done)
    if isinstance(last, Failed):
        assert last.code in ("comfyui_no_picture", "comfyui_lost", "comfyui_no_reason")
    assert queue_is_clean(address)


def test_nobody_at_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    server._server.cache_clear()
    monkeypatch.setenv("COMFYUI_API_URL", "http://127.0.0.1:9")
    assert failure(ComfyuiEngine()).code == "comfyui_gone"
    monkeypatch.delenv("COMFYUI_API_URL")
    assert failure(ComfyuiEngine()).code == "comfyui_not_set"
    server._server.cache_clear()


def test_many_at_once_are_drawn_each(engine: ComfyuiEngine, address: str) -> None:
    jobs = [engine.submit(request(seed=seed), model=MODEL) for seed in range(6)]
    threads = [threading.Thread(target=lambda job=job: list(job.events())) for job in jobs]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    assert all(isinstance(job.latest, Done) for job in jobs)
    assert queue_is_clean(address)


@pytest.mark.parametrize(
    ("changes", "model", "code", "named"),
    [
        ({}, "comfy:other.safetensors", "comfyui_no_checkpoint", "other.safetensors"),
        ({}, "comfy:workflow/nowhere", "comfyui_no_workflow", "nowhere"),
        ({"steps": 151}, MODEL, "bad_steps", "151"),
        ({"width": 1024}, MODEL, "bad_size", "1024"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_sent(
    engine: ComfyuiEngine, faults: Faults, changes: dict[str, int], model: str, code: str, named: str
) -> None:
    wanted = request().model_copy(update=changes)
    last = list(engine.submit(wanted, model=model).events())[-1]
    assert isinstance(last, Failed)
    assert last.code == code
    assert named in last.text("en")
    assert "POST /prompt" not in faults.said
