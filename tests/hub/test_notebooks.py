"""JupyterLab beside the lab, on a real hub: its student works in it, nobody else gets to it."""

import asyncio
import json
import re
import tempfile
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, wait_until
from tests.hub.labs import PAGE, enter, origin, path

NAME, OTHER = "zoé@uni.fr", "bob"
CODE = """
from lab import open_lab, generate
print(open_lab("tp2"))
print(generate("a red mug", steps=2, width=64, height=64))
import os; print("server's own:", [name for name in os.environ if name.startswith("JUPYTERHUB_")])
"""
SECONDS = 240


@pytest.fixture(scope="module")
def hub(start_hub: StartHub) -> RunningHub:
    return start_hub(GENAI_NOTEBOOKS="1")


@pytest.fixture(scope="module")
def student(hub: RunningHub) -> httpx2.Client:
    client = enter(hub, NAME)
    client.timeout = httpx2.Timeout(SECONDS)
    return client


def below(name: str, rest: str) -> str:
    return f"{path(name)}jupyter/{rest}"


async def run_in_kernel(hub: RunningHub, client: httpx2.Client, kernel: str, code: str) -> str:
    """What a cell prints, as JupyterLab's own page runs it."""
    message_id = uuid.uuid4().hex
    message = {
        "header": {
            "msg_id": message_id, "msg_type": "execute_request", "session": "s", "username": "",
            "version": "5.3", "date": "2026-01-01T00:00:00Z",
        },
        "parent_header": {}, "metadata": {}, "channel": "shell",
        "content": {"code": code, "silent": False},
    }  # fmt: skip
    printed: str = ""
    async with connect(address(hub, NAME, kernel), additional_headers=headers(hub, client)) as socket:
        await socket.send(json.dumps(message))
        async with asyncio.timeout(SECONDS):
            async for data in socket:
                told: dict[str, Any] = json.loads(data)
                if told["parent_header"].get("msg_id") != message_id:
                    continue
                content = told["content"]
                printed += content.get("text", "") + "".join(content.get("traceback", ()))
                if told["msg_type"] == "status" and content["execution_state"] == "idle":
                    return printed
    return printed


def address(hub: RunningHub, name: str, kernel: str) -> str:
    return f"{hub.url.replace('http', 'ws', 1)}{below(name, f'api/kernels/{kernel}/channels')}"


def headers(hub: RunningHub, client: httpx2.Client) -> dict[str, str]:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    return {"cookie": cookies, **origin(hub)}


@pytest.fixture(scope="module")
def kernel(hub: RunningHub, student: httpx2.Client) -> str:
    made = student.post(below(NAME, "api/kernels"), headers=origin(hub), json={"name": "python3"})
    assert made.status_code == 201, made.text
    found: str = made.json()["id"]
    return found


def test_the_lab_leads_to_jupyterlab_which_holds_the_notebooks_in_the_students_own_folder(
    hub: RunningHub, student: httpx2.Client
) -> None:
    config = student.get(f"{path(NAME)}en/config").json()
    header = " ".join(str(component["props"].get("value")) for component in config["components"])
    (link,) = re.findall(r'href="(/user/[^"]+/jupyter/lab)"', header)
    assert unquote(link) == f"/{unquote(below(NAME, 'lab'))}"
    opened = student.get(below(NAME, "lab"), headers=PAGE)
    assert opened.status_code == 200
    assert "jupyter-config-data" in opened.text
    assert "set-cookie" not in opened.headers
    listed = student.get(below(NAME, "api/contents/notebooks/fr")).json()["content"]
    assert "02_first_image.ipynb" in {each["name"] for each in listed}
    (home,) = (each for each in (hub.state / "homes").iterdir() if (each / "notebooks").exists())
    saved = student.put(
        below(NAME, "api/contents/mine.txt"),
        headers=origin(hub),
        json={"type": "file", "format": "text", "content": "été"},
    )
    assert saved.status_code == 201, saved.text
    assert (home / "mine.txt").read_text() == "été"


def test_what_a_cell_draws_is_recorded_as_the_students(
    hub: RunningHub, student: httpx2.Client, kernel: str
) -> None:
    printed = asyncio.run(run_in_kernel(hub, student, kernel, CODE))
    assert "studio.png" in printed
    assert "server's own: []" in printed
    assert list(Path(tempfile.gettempdir()).glob("genai-jupyter-*/runtime/*-ipc-*"))  # no port of its own
    (made,) = hub.state.rglob("outputs/studio.json")
    assert json.loads(made.read_text())["student"] == NAME
    checked = student.get(f"{path(NAME)}api/v1/images").json()
    assert [image["run"] for image in checked["images"]] == ["studio"]


def test_another_student_is_refused_at_every_door_of_it(
    hub: RunningHub, student: httpx2.Client, kernel: str
) -> None:
    bob = hub.login(OTHER)
    for rest in ("lab", "api/contents", f"api/kernels/{kernel}", "files/mine.txt", "../jupyter/lab"):
        answer = bob.get(below(NAME, rest), headers=PAGE)
        assert answer.status_code == 403, rest
        assert "jupyter-config-data" not in answer.text
    assert bob.post(below(NAME, "api/kernels"), headers=origin(hub), json={}).status_code in (401, 403)
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(asyncio.wait_for(_open(address(hub, NAME, kernel), headers(hub, bob)), SECONDS))
    assert refused.value.response.status_code in (401, 403)
    nobody = httpx2.get(f"{hub.url}{below(NAME, 'api/contents')}")
    assert nobody.status_code == 401


def test_an_instructor_is_asked_first_and_another_site_starts_nothing(
    hub: RunningHub, student: httpx2.Client, kernel: str
) -> None:
    prof = hub.login(INSTRUCTOR)
    answer = prof.get(below(NAME, "lab"), headers=PAGE)
    assert answer.url.path == "/hub/api/oauth2/authorize"  # the Hub's question; then the gate's own
    assert "jupyter-config-data" not in answer.text
    elsewhere = student.post(
        below(NAME, "api/kernels"), headers={"origin": "https://elsewhere.example"}, json={}
    )
    assert elsewhere.status_code == 403


def test_it_ends_with_the_lab(hub: RunningHub, student: httpx2.Client, kernel: str) -> None:
    def running() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = process.read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(hub.state) in words and ("jupyter.child" in words or "ipykernel" in words):
                found.append(words)
        return found

    assert running()
    stopped = student.delete(
        f"hub/api/users/{NAME}/server",
        headers={"referer": f"{hub.url}hub/", "x-xsrftoken": _xsrf(student)},
    )
    assert stopped.status_code in (202, 204), stopped.text
    wait_until(lambda: not running(), "JupyterLab ended")


async def _open(uri: str, with_headers: dict[str, str]) -> None:
    async with connect(uri, additional_headers=with_headers):
        pass


def _xsrf(client: httpx2.Client) -> str:
    return next(c.value or "" for c in client.cookies.jar if c.name == "_xsrf" and c.path.startswith("/hub"))
