"""What a client may send: everything is bounded, and no name leads out of the folders."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from lab.comfyui import queue, sockets
from lab.comfyui.app import build_comfyui
from lab.comfyui.files import BadName, Files
from lab.comfyui.nodes import object_info
from lab.comfyui.understanding import Understanding
from lab.comfyui.validation import validate
from manifests.png import plain_png
from tests.lab.comfyui.serving import from_picture, graph, served
from tests.lab.comfyui.test_protocol import upload
from tests.lab.endpoint.engines import QuickEngine


def refused(client: httpx2.Client, prompt: Any) -> Any:
    answer = client.post("/prompt", json={"prompt": prompt})
    assert answer.status_code == 400, answer.text
    assert client.get("/queue").json() == {"queue_running": [], "queue_pending": []}
    return answer.json()


def changed(node: str, **inputs: Any) -> dict[str, Any]:
    prompt = graph()
    prompt[node]["inputs"] |= inputs
    return prompt


@pytest.mark.parametrize(
    ("prompt", "node", "kind", "name"),
    [
        (changed("1", ckpt_name="sd.safetensors"), "1", "value_not_in_list", "ckpt_name"),
        (changed("5", steps=0), "5", "value_smaller_than_min", "steps"),
        (changed("5", steps=151), "5", "value_bigger_than_max", "steps"),
        (changed("5", steps="many"), "5", "invalid_input_type", "steps"),
        (changed("5", sampler_name="lcm"), "5", "value_not_in_list", "sampler_name"),
        (changed("5", scheduler="karras"), "5", "value_not_in_list", "scheduler"),
        (changed("5", latent_image=["6", 0]), "5", "return_type_mismatch", "latent_image"),
        (changed("6", samples=["99", 0]), "6", "bad_linked_input", "samples"),
        (changed("6", samples=["5", 9]), "6", "bad_linked_input", "samples"),
        (changed("6", samples=["5"]), "6", "bad_linked_input", "samples"),
        (changed("6", samples=["4", 0]), "6", "custom_validation_failed", "samples"),
        (changed("5", latent_image=["5", 0]), "5", "dependency_cycle", "latent_image"),
        (changed("5", denoise=0.5), "5", "custom_validation_failed", "denoise"),
        (changed("4", width=1024), "4", "value_bigger_than_max", "width"),
        (changed("4", width=65), "4", "custom_validation_failed", "width"),
        (changed("4", batch_size=2), "4", "value_bigger_than_max", "batch_size"),
        (changed("2", text="x" * 2001), "2", "custom_validation_failed", "text"),
        (changed("7", filename_prefix="../../x"), "7", "custom_validation_failed", "filename_prefix"),
        (from_picture("no.png"), "4", "custom_validation_failed", "image"),
        (from_picture("../../etc/passwd"), "4", "custom_validation_failed", "image"),
    ],
)
def test_what_mini_cannot_do_is_refused_with_the_node_and_the_input(
    client: httpx2.Client, prompt: Any, node: str, kind: str, name: str
) -> None:
    told = refused(client, prompt)
    assert told["error"]["type"] == "prompt_outputs_failed_validation"
    [found] = told["node_errors"][node]["errors"]
    assert (found["type"], found["extra_info"]["input_name"]) == (kind, name)
    assert told["node_errors"][node]["class_type"] == prompt[node]["class_type"]
    assert told["node_errors"][node]["dependent_outputs"] == ["7"]


def test_what_is_no_graph_is_refused_as_a_whole(client: httpx2.Client) -> None:
    unknown = graph() | {"8": {"class_type": "VAELoader", "inputs": {}}}
    assert refused(client, unknown)["error"]["message"].endswith("node VAELoader does not exist.")
    no_output = {key: node for key, node in graph().items() if key != "7"}
    assert refused(client, no_output)["error"]["type"] == "prompt_no_outputs"
    several: tuple[Any, ...] = (
        [],
        "graph",
        None,
        {"1": None},
        {"1": {"inputs": {}}},
        {"1": {"class_type": 5}},
    )
    for nonsense in several:
        assert refused(client, nonsense)["error"]["type"] in ("invalid_prompt", "prompt_no_outputs")
    many = {str(number): graph()["4"] for number in range(500)}
    assert refused(client, many)["error"]["type"] == "invalid_prompt"
    assert client.post("/prompt", content=b"[" * 100_000).status_code == 400
    assert client.post("/prompt", content=b"x" * (33 * 2**20)).status_code in (400, 413)


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.fixed_dictionaries(
            {"class_type": st.sampled_from([*object_info([]), "Other"])},
            optional={
                "inputs": st.dictionaries(
                    st.sampled_from(["samples", "images", "latent_image", "width", "text", "image"]),
                    st.one_of(
                        st.none(),
                        st.integers(),
                        st.floats(),
                        st.text(max_size=5),
                        st.lists(st.one_of(st.text(max_size=3), st.integers(-2, 3)), max_size=3),
                    ),
                )
            },
        ),
        max_size=6,
    )
)
def test_no_graph_breaks_the_validation(prompt: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = validate(prompt, object_info([]), Understanding(Files(Path(folder))))
        assert found.error is not None or found.outputs
        json.dumps(found.node_errors)


NAMES = (
    "../x.png",
    "..",
    "/etc/passwd",
    "a/../../x.png",
    "x.png\0.png",
    ".hidden.png",
    "x.svg",
    "",
    "x" * 300,
)


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_the_folders(client: httpx2.Client, tmp_path: Path, name: str) -> None:
    (tmp_path.parent / "x.png").write_bytes(b"secret")
    for params in ({"filename": name}, {"filename": "x.png", "subfolder": name}):
        for kind in ("output", "input", "temp", "..", ""):
            answer = client.get("/view", params=params | {"type": kind})
            assert answer.status_code in (400, 404)
            assert b"secret" not in answer.content
    files = Files(tmp_path)
    with pytest.raises((BadName, OSError)):
        files.read(name)
    data = plain_png(Image.new("RGB", (64, 64)))
    for arguments in ((name, "", "input"), ("x.png", f"{name}/..", "input"), ("x.png", "", "..")):
        with pytest.raises((BadName, OSError)):
            files.upload(data, *arguments, overwrite=True)


def test_a_link_is_not_followed_out_of_the_folders(client: httpx2.Client, tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret.png"
    secret.write_bytes(plain_png(Image.new("RGB", (64, 64))))
    (tmp_path / "output" / "link.png").symlink_to(secret)
    assert client.get("/view", params={"filename": "link.png"}).status_code == 400


def test_an_upload_is_a_picture_of_a_bounded_size_and_keeps_others(client: httpx2.Client) -> None:
    assert upload(client).json() == {"name": "photo.png", "subfolder": "", "type": "input"}
    assert upload(client).json()["name"] == "photo.png"  # the same picture again
    assert upload(client, size=72).json()["name"] == "photo (1).png"
    assert upload(client, size=80, overwrite="true").json()["name"] == "photo.png"
    assert upload(client, subfolder="mine").json()["subfolder"] == "mine"
    for name, data in (("a.png", b"no picture"), ("a.png", b"x" * (33 * 2**20)), ("../a.png", b"")):
        answer = client.post("/upload/image", files={"image": (name, data, "image/png")})
        assert answer.status_code in (400, 413)
    names = client.get("/object_info/LoadImage").json()["LoadImage"]["input"]["required"]["image"][0]
    assert names == ["mine/photo.png", "photo (1).png", "photo.png"]


@pytest.mark.parametrize(
    ("name", "subfolder"),
    [
        ("\N{MATHEMATICAL BOLD CAPITAL A}" * 90 + ".png", ""),
        ("a.png", "\N{MATHEMATICAL BOLD CAPITAL A}" * 90),
        ("a.png", "photo.png"),
        ("folder.png", ""),
    ],
)
def test_a_name_that_no_file_can_have_is_refused(client: httpx2.Client, name: str, subfolder: str) -> None:
    """Too long for a file system, below a file, or that of a folder."""
    assert upload(client).status_code == 200
    assert upload(client, subfolder="folder.png").status_code == 200
    picture = plain_png(Image.new("RGB", (64, 64)))
    for overwrite in ("", "true"):
        answer = client.post(
            "/upload/image",
            files={"image": (name, picture, "image/png")},
            data={"subfolder": subfolder, "overwrite": overwrite},
        )
        assert answer.status_code == 400


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, 2**60])
def test_a_number_beyond_all_order_is_as_none(client: httpx2.Client, number: float) -> None:
    told = client.post("/prompt", json={"prompt": graph(), "number": number}).json()
    assert told["number"] == 0
    client.get("/queue").json()


def test_a_graph_of_many_faults_is_told_soon() -> None:
    """Each output names the faults of all it is linked to; inputs that a node does not have cost nothing."""
    prompt: dict[str, Any] = {"y": {"class_type": "KSampler", "inputs": {f"k{n}": n for n in range(15_000)}}}
    for n in range(99):
        prompt[f"v{n}"] = {"class_type": "VAEDecode", "inputs": {"samples": ["y", 0], "vae": ["y", 2]}}
        prompt[f"p{n}"] = {"class_type": "PreviewImage", "inputs": {"images": [f"v{n}", 0]}}
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found = validate(prompt, object_info([]), Understanding(Files(Path(folder))))
    assert time.process_time() - began < 2
    assert len(found.node_errors["y"]["dependent_outputs"]) == 99


def test_on_the_other_loopback_its_own_name_is_taken_and_no_other(tmp_path: Path) -> None:
    with TestClient(build_comfyui(QuickEngine(), tmp_path, host="::1")) as client:
        assert client.get("/queue", headers={"host": "[::1]:8188"}).status_code == 200
        assert client.get("/queue", headers={"host": "[::2]:8188"}).status_code == 400
        assert client.get("/queue", headers={"host": "evil.example:8188"}).status_code == 400


def test_a_picture_too_large_for_mini_is_named(client: httpx2.Client) -> None:
    upload(client, "large.png", size=600)
    told = refused(client, from_picture("large.png"))
    assert "600x600" in told["node_errors"]["8"]["errors"][0]["details"]


def test_the_queue_and_the_websockets_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_WAITING", 3)
    monkeypatch.setattr(sockets, "MOST", 2)
    slow = QuickEngine(slow=True)
    with served(slow, tmp_path) as url, httpx2.Client(base_url=url, timeout=60) as client:
        codes = [client.post("/prompt", json={"prompt": graph()}).status_code for _ in range(6)]
        assert codes[:3] == [200] * 3
        assert codes[-1] == 429
        assert client.post("/prompt", json={"prompt": graph(), "prompt_id": "x" * 500}).status_code == 400
        socket_url = f"{url.replace('http', 'ws')}/ws"
        with connect(f"{socket_url}?clientId=a"), connect(f"{socket_url}?clientId=b") as second:
            second.recv(10)
            with pytest.raises((InvalidStatus, ConnectionClosed)), connect(socket_url) as third:
                third.recv(10)
            with connect(f"{socket_url}?clientId=b") as again:
                again.recv(10)
        client.post("/queue", json={"clear": True})
        client.post("/interrupt", json={})


def test_the_history_holds_no_key_of_a_clients(client: httpx2.Client) -> None:
    from tests.lab.comfyui.test_protocol import drawn

    entry = drawn(
        client, graph(), extra_data={"api_key_comfy_org": "secret", "auth_token_comfy_org": "secret"}
    )
    assert "secret" not in json.dumps(entry)
