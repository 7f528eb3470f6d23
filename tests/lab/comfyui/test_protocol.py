"""ComfyUI's protocol as its clients use it: queue, history, websocket, pictures, interrupts."""

import io
import json
import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from PIL import Image
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from lab.engine.protocol import Failed
from lab.records.read_parameters import read_parameters
from manifests.pictures import XMP_KEY
from manifests.png import plain_png
from manifests.xmp import read
from tests.lab.comfyui.serving import from_picture, graph, served
from tests.lab.endpoint.engines import QuickEngine


def ended(client: httpx2.Client, prompt_id: str) -> Any:
    """The entry of the history, once there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = client.get(f"/history/{prompt_id}").json()
        if found:
            return found[prompt_id]
        time.sleep(0.02)
    raise AssertionError("it did not end")


def drawn(client: httpx2.Client, prompt: dict[str, Any], **more: Any) -> Any:
    answer = client.post("/prompt", json={"prompt": prompt} | more)
    assert answer.status_code == 200, answer.text
    return ended(client, answer.json()["prompt_id"])


def upload(client: httpx2.Client, name: str = "photo.png", size: int = 64, **form: str) -> httpx2.Response:
    data = plain_png(Image.new("RGB", (size, size), "red"))
    return client.post("/upload/image", files={"image": (name, data, "image/png")}, data=form)


def test_the_seven_nodes_give_a_picture_that_holds_its_graph(client: httpx2.Client) -> None:
    own = str(uuid4())
    workflow: dict[str, Any] = {"nodes": [], "links": []}
    entry = drawn(client, graph(), prompt_id=own, extra_data={"extra_pnginfo": {"workflow": workflow}})
    assert entry["prompt"][1] == own
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    [told] = entry["outputs"]["7"]["images"]
    assert told == {"filename": "Qwen_T2I_Cat_00001_.png", "subfolder": "", "type": "output"}
    data = client.get("/view", params=told).content
    texts = Image.open(io.BytesIO(data)).info
    assert json.loads(texts["prompt"]) == graph()
    assert json.loads(texts["workflow"]) == workflow
    found = read_parameters(data)
    assert found is not None
    assert found.origin == "comfyui"
    assert found.values["prompt"] == "a red backpack"
    assert found.values["scheduler"] == "EulerA"


def test_a_picture_that_a_model_made_says_so_and_a_loaded_one_does_not(client: httpx2.Client) -> None:
    upload(client)
    copied = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "photo.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "copy"}},
    }
    for prompt, node, made in ((graph(), "7", True), (copied, "2", False)):
        [told] = drawn(client, prompt)["outputs"][node]["images"]
        texts = Image.open(io.BytesIO(client.get("/view", params=told).content)).info
        declared = read(texts.get(XMP_KEY, "").encode())
        assert declared.generated is made


def test_the_engine_is_asked_for_what_the_sampler_says(client: httpx2.Client, engine: QuickEngine) -> None:
    drawn(client, graph(seed=2**32 + 7, cfg=5.5, sampler_name="ddim", steps=9))
    request = engine.requests[-1]
    assert (request.mode, request.seed, request.guidance_scale, request.scheduler, request.steps) == (
        "text2img",
        7,
        5.5,
        "DDIM",
        9,
    )
    assert (request.prompt, request.negative_prompt) == ("a red backpack", "blurry")


def test_image_to_image_runs_all_of_its_steps_on_the_last_part_of_the_noise(
    client: httpx2.Client, engine: QuickEngine
) -> None:
    upload(client)
    for denoise, steps in ((0.5, 10), (0.35, 20), (0.85, 7), (1.0, 4)):
        drawn(client, from_picture("photo.png", denoise=denoise, steps=steps))
        request = engine.requests[-1]
        assert request.mode == "img2img"
        assert request.strength == denoise
        assert int(request.steps * denoise) == steps
        assert engine.sources[-1] is not None


def test_the_websocket_tells_what_goes_on_in_order(client: httpx2.Client, address: str) -> None:
    with connect(f"{address.replace('http', 'ws')}/ws?clientId=me") as listening:
        first = json.loads(listening.recv(10))
        assert first["type"] == "status"
        assert first["data"]["sid"] == "me"
        own = str(uuid4())
        client.post("/prompt", json={"prompt": graph(), "client_id": "me", "prompt_id": own})
        kinds: list[str] = []
        preview = b""
        while not kinds or kinds[-1] != "end":
            message = listening.recv(20)
            if isinstance(message, bytes):
                preview = message
                continue
            told = json.loads(message)
            if told["type"] == "executing" and told["data"]["node"] is None:
                kinds.append("end")
            elif told["type"] != "status":
                assert told["data"]["prompt_id"] == own
                kinds.append(told["type"])
    order = ["execution_start", "execution_cached", "executing", "progress", "executed", "execution_success"]
    assert list(dict.fromkeys(kinds)) == [*order, "end"]
    assert preview[:8] == b"\0\0\0\1\0\0\0\1"
    assert Image.open(io.BytesIO(preview[8:])).format == "JPEG"


def test_a_client_that_leaves_is_no_error(
    client: httpx2.Client, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        with connect(f"{address.replace('http', 'ws')}/ws?clientId=me") as listening:
            listening.recv(10)
            listening.socket.shutdown(socket.SHUT_RDWR)
        drawn(client, graph(), client_id="me")
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


def test_only_the_named_graph_is_interrupted_and_the_next_one_is_drawn(tmp_path: Path) -> None:
    slow = QuickEngine(slow=True)
    with served(slow, tmp_path) as url, httpx2.Client(base_url=url, timeout=60) as client:
        first, second = str(uuid4()), str(uuid4())
        for each in (first, second):
            client.post("/prompt", json={"prompt": graph(), "prompt_id": each})
        while len(slow.jobs) < 1:
            time.sleep(0.02)
        told = client.get("/queue").json()
        assert [item[1] for item in told["queue_running"]] == [first]
        assert [item[1] for item in told["queue_pending"]] == [second]
        client.post("/interrupt", json={"prompt_id": second})
        assert client.get(f"/history/{first}").json() == {}
        slow.slow = False
        client.post("/interrupt", json={"prompt_id": first})
        entry = ended(client, first)
        assert entry["status"]["status_str"] == "error"
        assert entry["status"]["messages"][-1][0] == "execution_interrupted"
        assert ended(client, second)["status"]["completed"] is True


def test_one_that_waits_is_deleted(tmp_path: Path) -> None:
    slow = QuickEngine(slow=True)
    with served(slow, tmp_path) as url, httpx2.Client(base_url=url, timeout=60) as client:
        first, second = str(uuid4()), str(uuid4())
        for each in (first, second):
            client.post("/prompt", json={"prompt": graph(), "prompt_id": each})
        client.post("/queue", json={"delete": [second]})
        assert client.get("/queue").json()["queue_pending"] == []
        client.post("/interrupt", json={})
        ended(client, first)
        assert client.get(f"/history/{second}").json() == {}


@pytest.mark.parametrize(
    ("code", "kind"), [("out_of_memory", "OutOfMemoryError"), ("internal", "RuntimeError")]
)
def test_a_failure_names_its_node_and_leaves_the_queue_clean(tmp_path: Path, code: str, kind: str) -> None:
    with (
        served(QuickEngine(Failed(code, {"model": "mini"})), tmp_path) as url,
        httpx2.Client(base_url=url, timeout=60) as client,
    ):
        entry = drawn(client, graph())
        name, told = entry["status"]["messages"][-1]
        assert name == "execution_error"
        assert entry["status"]["completed"] is False
        assert told["node_type"] == "KSampler"
        assert told["exception_type"].endswith(kind)
        assert client.get("/queue").json() == {"queue_running": [], "queue_pending": []}


def test_the_same_routes_answer_below_api(client: httpx2.Client) -> None:
    for path in ("queue", "history", "system_stats", "object_info", "object_info/KSampler", "features"):
        assert client.get(f"/api/{path}").status_code == client.get(f"/{path}").status_code == 200
    assert client.get("/object_info/Nope").json() == {}


def test_no_page_of_another_site_reaches_it(client: httpx2.Client, address: str) -> None:
    elsewhere = {"Origin": "http://evil.example"}
    assert client.get("/queue", headers=elsewhere).status_code == 403
    assert client.post("/prompt", json={"prompt": graph()}, headers=elsewhere).status_code == 403
    assert client.get("/queue", headers={"Host": "evil.example:80"}).status_code == 400
    with (
        pytest.raises(InvalidStatus),
        connect(f"{address.replace('http', 'ws')}/ws", additional_headers=elsewhere) as listening,
    ):
        listening.recv(5)
    assert client.get("/queue", headers={"Origin": address}).status_code == 200
