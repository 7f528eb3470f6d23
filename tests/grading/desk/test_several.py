"""The desks of several assignments below one address, behind a gate that says who visits."""

import json
import re
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from grading.class_.collected import Collected
from grading.class_.one import Entry
from grading.desk.several import Desks, build_desks
from grading.desk.visitor import Visitor, let_in

ROOT = "/hub/services/desk"
PROF = Visitor("prof")


@dataclass
class Below:
    url: str
    folder: Path
    visitor: Visitor

    def get(self, path: str = "/", language: str = "en") -> httpx2.Response:
        headers = {"Accept-Language": language}
        return httpx2.get(f"{self.url}{ROOT}{path}", trust_env=False, timeout=60, headers=headers)


@pytest.fixture
def below(tmp_path: Path, graded_class: Path) -> Iterator[Below]:
    """Of tp2 there are submissions without grades."""
    shutil.copytree(graded_class / "subs", tmp_path / "submissions" / "tp2")
    inner = Starlette(routes=[Mount(ROOT, app=build_desks(Desks(tmp_path, "en", None), "en"))])
    served = Below("", tmp_path, PROF)

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner(let_in(scope, served.visitor), receive, send)

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(gate, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield served
    server.should_exit = True
    thread.join(20)


def graded(below: Below) -> str:
    """The overview of tp2's desk, once all of it is graded."""
    until = time.monotonic() + 120
    while "/mark/" not in (page := below.get("/assignments/tp2/").text):
        assert time.monotonic() < until
        time.sleep(0.2)
    return page


def test_what_has_no_grade_is_graded_before_its_desk_opens(below: Below) -> None:
    page = below.get("/assignments/tp2/")
    assert page.status_code == 200
    assert "are being graded" in page.text
    assert page.headers["refresh"]
    assert "alice" in graded(below)
    assert (below.folder / "grades" / "tp2" / "alice" / "grade.json").is_file()
    listed = below.get().text
    assert "TP 2" in listed
    assert re.findall(r'class="number">(\d+)<', listed)[:2] == ["3", "3"]  # submissions, and open ones


def test_every_link_of_every_page_stays_below_the_address_and_leads_somewhere(below: Below) -> None:
    graded(below)
    for path in ("/", "/assignments/tp2/", "/assignments/tp2/requests", "/assignments/none/", "/none"):
        html = below.get(path).text
        links = re.findall(r'(?:href|src|action)="(/[^"]*)"', html)
        assert links
        for link in links:
            assert link.startswith(f"{ROOT}/"), (path, link)
        for link in re.findall(r'(?:href|src)="(/[^"]*(?:\.css|\.js|/))"', html):
            answer = httpx2.get(f"{below.url}{link}", trust_env=False, follow_redirects=True)
            assert answer.status_code == 200, (path, link)


@pytest.mark.parametrize("name", ["none", "%2e%2e", "tp3", "tp2%00", "TP2"])
def test_no_other_folder_is_a_desk(below: Below, name: str) -> None:
    (below.folder / "submissions" / "tp3").mkdir()  # nothing was collected of it
    answer = below.get(f"/assignments/{name}/")
    assert answer.status_code in (400, 404)
    assert not (below.folder / "grades" / name).exists()


def test_a_file_that_collect_did_not_write_is_said_and_ends_nothing(below: Below) -> None:
    graded(below)
    (below.folder / "submissions" / "tp2" / "collected.json").write_text("{}")
    assert below.get("/none").status_code == 404
    page = below.get("/", "fr")
    assert page.status_code == 200
    assert "collected.json" in page.text
    assert below.get("/assignments/tp2/").status_code == 503


def test_a_finding_that_names_somebody_of_another_group_names_them_to_who_may_see_them(
    below: Below,
) -> None:
    graded(below)
    file = below.folder / "grades" / "tp2" / "alice" / "grade.json"
    grade = json.loads(file.read_text())
    grade["for_grader"] = ["The same photo as in the submission of bob."]
    file.write_text(json.dumps(grade))
    found = re.search(r"/assignments/tp2/mark/smoke/[0-9a-f]+", below.get("/assignments/tp2/").text)
    assert found
    assert "of bob." in below.get(found.group()).text
    below.visitor = Visitor("anna", frozenset({"alice"}), ("TD1",))
    page = below.get(found.group()).text
    assert "The same photo as in the submission of Student" in page
    assert "bob" not in page


def test_a_request_that_no_gate_let_in_gets_nothing(tmp_path: Path) -> None:
    client = TestClient(build_desks(Desks(tmp_path, "en", None), "en"))
    for path in ("/", "/assignments/tp2/", "/static/desk.js"):
        assert client.get(path).status_code == 403


def test_the_hubs_names_decide_where_a_folder_had_to_be_called_otherwise(tmp_path: Path) -> None:
    visitor = Visitor("anna", frozenset({"con"}))
    entry = Entry.of(tmp_path, "con-1a2b3c4d", "con-1a2b3c4d", None, Collected(student="con"))
    assert visitor.has(entry.student)
    assert not visitor.has(entry.name)
