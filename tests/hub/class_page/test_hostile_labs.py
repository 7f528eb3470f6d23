"""A lab is its student's process: whatever it says, the page stays a page, and the others are seen."""

import asyncio
import io
import json
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hub.class_page.actions import Actions
from hub.class_page.app import build_app
from hub.class_page.known import Known
from hub.class_page.watch import Watch
from hub.cohort import lab_client
from hub.cohort.client import HubClient
from hub.cohort.lab_client import LabClient
from hub.cohort.times import utc_now
from tests.hub.cohort.fakes import FakeHub, FakeRequest, pages, status

T = TypeVar("T")
EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u202e"
TOKEN = "the-pages-own-token"
TIME = "2026-11-20T10:00:00+00:00"
GOOD: dict[str, Any] = {
    "assignment": "tp2", "points": 2.0, "maximum": 20.0, "pictures": 1, "running": 0, "changed": TIME,
    "exercises": [{"id": "smoke", "points": 1.0, "maximum": 1.0, "open": 0.0, "passed": 4, "checks": 4,
                   "pictures": 1, "seconds": 60.0}],
    "failing": [], "newest": [],
}  # fmt: skip


def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "blue").save(file, "JPEG")
    return file.getvalue()


def user(name: str, ready: bool = True) -> dict[str, Any]:
    server = {"ready": True, "url": f"/user/{name}/", "started": TIME, "last_activity": utc_now().isoformat()}
    return {"name": name, "groups": [EVIL], "servers": {"": server} if ready else {}}


@pytest.fixture
def school(fake: FakeHub) -> FakeHub:
    """ann, whose lab is good, and eve, whose lab each test decides about."""
    fake.api("GET", "users", pages([user("ann"), user("eve"), user("off", ready=False)], 10))
    group = {"name": EVIL, "users": ["ann", "eve"], "properties": {}}
    fake.api("GET", "groups", pages([group], 10))
    for name in ("ann", "eve"):
        fake.api("POST", f"users/{name}/lab-pass", {"token": f"pass-{name}"})
    fake.on("GET", "/user/ann/class/progress", GOOD)
    return fake


def watching(fake: FakeHub, folder: Path, work: Callable[[Watch], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with HubClient(fake.url, TOKEN, retry_seconds=0.2) as hub, LabClient(hub, beside=True) as labs:
            watch = Watch(hub, labs, Known(folder), None, "tp2")
            watch.ready.set()
            return await work(watch)

    return asyncio.run(connected())


def page(fake: FakeHub, folder: Path, *paths: str) -> list[str]:
    """The parts of the page after one round."""

    async def shown(watch: Watch) -> list[str]:
        await watch.look()
        await watch.settle()
        app = build_app(watch, Actions(watch), TOKEN, ["tp2"])
        transport = httpx2.ASGITransport(app)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://page", headers=headers) as client:
            answers = [await client.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths), answers[-1].text
        return [answer.text for answer in answers]

    return watching(fake, folder, shown)


EVERYWHERE = (
    "/class?language=en", "/statistics?language=fr", "/wall?language=en", "/wall?language=en&anonymous=1",
    "/student?language=en&user=eve", "/student?language=fr&user=ann", "/student?language=fr&user=off",
)  # fmt: skip


def test_markup_in_every_field_is_text_on_every_page(school: FakeHub, tmp_path: Path) -> None:
    evil = {**GOOD, "exercises": [{**GOOD["exercises"][0], "id": EVIL}],
            "failing": [{"check": f"baseline/{EVIL}", "attempts": 9}, {"check": EVIL, "attempts": 8}],
            "newest": [{"stem": "a", "time": TIME}]}  # fmt: skip
    school.on("GET", "/user/eve/class/progress", evil)
    school.on("GET", "/user/eve/class/picture", lambda r: r.answer(200, jpeg(), content_type="image/jpeg"))
    checks = [
        {
            "id": f"smoke/{EVIL}",
            "title": EVIL,
            "status": status_,
            "points": 1.0,
            "maximum": 1.0,
            "cause": EVIL,
        }
        for status_ in ("passed", "failed", "to_do", "open", "unchecked")
    ]
    picture = {"stem": "a", "exercise": EVIL, "run": EVIL, "attempt": 2, "time": TIME, "prompt": EVIL}
    school.on("GET", "/user/eve/class/checklist", {"checks": checks, "pictures": [picture]})
    school.on("GET", "/user/ann/class/checklist", status(500, EVIL))
    shown = page(school, tmp_path, *EVERYWHERE)
    for html in shown:
        assert "<script" not in html
        assert "<img src=x" not in html
    assert "&lt;script&gt;" in shown[0]
    assert "9 pictures, and still wrong" in shown[0]


Reply = Callable[[FakeRequest], None]


def slow(request: FakeRequest) -> None:
    time.sleep(3)


def endless(request: FakeRequest) -> None:
    request.begin(200, content_type="application/json")
    for _ in range(2000):
        request.wfile.write(b" " * 4096)


WRONG: list[Reply | dict[str, Any]] = [
    endless,
    lambda request: request.answer(200, b"[" * 60_000, content_type="application/json"),
    lambda request: request.answer(302, location="http://127.0.0.1:1/"),
    lambda request: request.handler.connection.close(),
    status(500, EVIL),
    {**GOOD, "points": 1e300},
    {**GOOD, "changed": "9999-12-31T23:59:59-14:00"},
    {**GOOD, "changed": 10**12},
    {**GOOD, "changed": "2026-11-20T10:00:00"},
    {**GOOD, "exercises": GOOD["exercises"] * 101},
    {**GOOD, "failing": [{"check": "x", "attempts": -1}]},
    {**GOOD, "newest": [{"stem": "../../eve", "time": TIME}]},
    {**GOOD, "newest": [{"stem": "a" * 300, "time": TIME}]},
    {**GOOD, "newest": [{"stem": "a", "time": TIME}] * 7},
]


@pytest.mark.parametrize("answer", WRONG, ids=range(len(WRONG)))
def test_an_answer_that_is_none_is_that_students_alone(school: FakeHub, tmp_path: Path, answer: Any) -> None:
    school.on("GET", "/user/eve/class/progress", answer)
    (html,) = page(school, tmp_path, "/class?language=en")
    assert html.count("The lab does not answer.") == 1
    assert "<strong>2</strong>" in html  # ann's points
    assert len(list(tmp_path.glob("tp2/*.json"))) == 1


def test_a_slow_lab_keeps_no_round_and_is_asked_less_often(
    school: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_client, "PROGRESS_SECONDS", 0.5)
    school.on("GET", "/user/eve/class/progress", slow)

    async def rounds(watch: Watch) -> None:
        began = time.monotonic()
        for _ in range(5):
            await watch.look()
            await asyncio.sleep(0.01)
        assert time.monotonic() - began < 2
        await watch.settle()
        for _ in range(3):
            await watch.look()
            await watch.settle()
        assert school.paths("GET").count("/user/eve/class/progress") == 1
        assert school.paths("GET").count("/user/ann/class/progress") > 3
        assert watch.known.get("tp2", "ann") is not None

    watching(school, tmp_path, rounds)


@pytest.mark.parametrize(
    "sent", [b"<svg onload='alert(1)'/>", b"\xff\xd8\xff", jpeg() + b" " * 2**20], ids=["svg", "cut", "huge"]
)
def test_what_is_no_picture_is_not_kept_and_the_rest_counts(
    school: FakeHub, tmp_path: Path, sent: bytes
) -> None:
    school.on("GET", "/user/eve/class/progress", {**GOOD, "newest": [{"stem": "a", "time": TIME}]})
    school.on("GET", "/user/eve/class/picture", lambda r: r.answer(200, sent, content_type="image/jpeg"))
    page(school, tmp_path, "/class?language=en")
    assert len(list(tmp_path.glob("tp2/*.json"))) == 2
    assert list(tmp_path.rglob("*.jpg")) == []


def test_a_lab_that_is_off_shows_what_was_last_seen_and_when(school: FakeHub, tmp_path: Path) -> None:
    newest = [{"stem": "a", "time": TIME}]
    school.on("GET", "/user/eve/class/progress", {**GOOD, "points": 3.25, "newest": newest})
    school.on("GET", "/user/eve/class/picture", lambda r: r.answer(200, jpeg(), content_type="image/jpeg"))
    page(school, tmp_path, "/class?language=en")
    school.api("GET", "users", pages([user("ann"), user("eve", ready=False)], 10))
    class_, wall, student = page(
        school, tmp_path, "/class?language=en", "/wall?language=en", "/student?language=en&user=eve"
    )
    assert "<strong>3.25</strong>" in class_
    assert class_.count("last seen 2") == 1
    assert "Picture 1 of eve" in wall
    assert "This is what it said at" in student
    assert "view=picture" in student


def test_a_student_who_leaves_the_class_while_the_lab_is_asked_is_not_found(
    school: FakeHub, tmp_path: Path
) -> None:
    asked, removed = threading.Event(), threading.Event()

    def checklist(request: FakeRequest) -> None:
        asked.set()
        removed.wait(30)
        request.answer(200, {"checks": [], "pictures": []})

    school.on("GET", "/user/eve/class/checklist", checklist)

    async def shown(watch: Watch) -> int:
        await watch.look()
        await watch.settle()
        transport = httpx2.ASGITransport(build_app(watch, Actions(watch), TOKEN, ["tp2"]))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://page", headers=headers) as client:
            answer = asyncio.create_task(client.get("/student?language=en&user=eve"))
            assert await asyncio.to_thread(asked.wait, 30)
            school.api("GET", "users", pages([user("ann")], 10))
            await watch.look()
            removed.set()
            status_code: int = (await answer).status_code
            return status_code

    assert watching(school, tmp_path, shown) == 404


def test_an_anonymous_wall_names_nobody(school: FakeHub, tmp_path: Path) -> None:
    for name in ("ann", "eve"):
        newest = [{"stem": name, "time": TIME}]
        school.on("GET", f"/user/{name}/class/progress", {**GOOD, "newest": newest})
        school.on("GET", f"/user/{name}/class/picture",
                  lambda request: request.answer(200, jpeg(), content_type="image/jpeg"))  # fmt: skip
    named, hidden = page(school, tmp_path, "/wall?language=en", "/wall?language=en&anonymous=1")
    assert "ann" in named
    assert "eve" in named
    sheet = hidden.partition('<ul class="wall">')[2]
    assert sheet.count("<img") == 2
    assert "ann" not in sheet
    assert "eve" not in sheet


def test_nobody_but_the_hub_is_answered(school: FakeHub, tmp_path: Path) -> None:
    async def ask(watch: Watch) -> None:
        with TestClient(build_app(watch, Actions(watch), TOKEN, ["tp2"])) as client:
            for path in ("/class", "/statistics", "/student", "/wall", "/picture"):
                for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer pass-eve"}):
                    assert client.get(path, params={"language": "en"}, headers=headers).status_code == 401
            assert client.post("/act", json={"action": "stop"}).status_code == 401
            mine = {"Authorization": f"Bearer {TOKEN}"}
            for wrong in ({"action": "erase"}, {"action": ""}):
                assert client.post("/act", json=wrong, headers=mine).status_code == 400
            asked = {"language": "en", "key": "0" * 40}
            assert client.get("/picture", params=asked, headers=mine).status_code == 404

    watching(school, tmp_path, ask)


def test_a_pass_is_used_again_only_for_the_same_start_of_the_same_lab(
    school: FakeHub, tmp_path: Path
) -> None:
    school.on("GET", "/user/eve/class/progress", GOOD)

    async def rounds(watch: Watch) -> None:
        for _ in range(3):
            await watch.look()
            await watch.settle()
        assert school.paths("POST").count("/hub/api/users/eve/lab-pass") == 1
        again = user("eve")
        again["servers"][""]["started"] = utc_now().isoformat()
        school.api("GET", "users", pages([user("ann"), again], 10))
        await watch.look()
        await watch.settle()
        assert school.paths("POST").count("/hub/api/users/eve/lab-pass") == 2

    watching(school, tmp_path, rounds)
    for request in school.requests:
        if request.path.startswith("/user/"):
            name = request.path.split("/")[2]
            assert request.headers["authorization"] == f"token pass-{name}"
            assert TOKEN not in json.dumps(request.headers)
