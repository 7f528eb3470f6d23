"""The end of a term: nothing is erased that was not exported first, and all that was done is written down."""

import asyncio
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exercises.loader import assignment_ids, find_assignment
from grading.submission.hand_in import freeze
from hub.class_page.known import Known, Seen
from hub.cohort.client import Group, HubClient
from hub.cohort.deadlines import without_extensions
from hub.cohort.members import students
from hub.cohort.removing import Removed, remove
from hub.cohort.told import Progress
from tests.grading.good import make_work
from tests.hub.cohort.fakes import FakeHub, FakeRequest, pages, status

DUE = "2026-11-27T23:59:00+00:00"
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def deadlines(**extensions: str) -> dict[str, Any]:
    tp2 = {"due": DUE, "extensions": extensions}
    return {"other": 1, "genai_lab": {"deadlines": {"tp2": tp2, "seeds": {"due": DUE}}}}


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    tp2 = find_assignment("tp2")
    data = io.BytesIO()
    freeze(data, tp2, make_work(tmp_path_factory.mktemp("work"), tp2, "ann"), "en")
    return data.getvalue()


@pytest.fixture
def school(fake: FakeHub, frozen: bytes) -> FakeHub:
    """ann has work in tp2, bob none, and eve's lab sends rubbish. All labs run."""
    ready = {"ready": True, "started": DUE}
    users = [
        {"name": name, "groups": ["TD1"], "servers": {"": ready | {"url": f"/user/{name}/"}}}
        for name in ("ann", "bob", "eve")
    ]
    fake.api("GET", "users", pages(users, 10))
    group = {
        "name": "TD1",
        "users": ["ann", "bob", "eve"],
        "properties": deadlines(ann="2026-12-01T00:00:00+00:00"),
    }
    fake.api("GET", "groups", pages([group], 10))
    fake.api("PUT", "groups/TD1/properties", {})
    for name in ("ann", "bob", "eve"):
        fake.api("POST", f"users/{name}/lab-pass", {"token": f"pass-{name}"})
        fake.api("DELETE", f"users/{name}/server", lambda request: request.answer(204))
        fake.api("GET", f"users/{name}/server", {"ready": False})
        fake.api("DELETE", f"users/{name}", lambda request: request.answer(204))
        fake.on("GET", f"/user/{name}/class/snapshot", lambda request: request.answer(204))

    def anns(request: FakeRequest) -> None:
        if request.query["assignment"] == "tp2":
            request.answer(200, frozen, content_type="application/zip")
        else:
            request.answer(204)

    fake.on("GET", "/user/ann/class/snapshot", anns)
    fake.on("GET", "/user/eve/class/snapshot", lambda r: r.answer(200, b"x", content_type="application/zip"))
    return fake


def removing(
    fake: FakeHub, out: Path, state: Path, on_done: Callable[[Removed], None] = lambda _: None
) -> Any:
    async def connected() -> Any:
        async with HubClient(fake.url, "token", retry_seconds=0.2) as hub:
            return await remove(hub, await students(hub, None), out, state, on_done)

    return asyncio.run(connected())


def fill(state: Path, name: str) -> None:
    """Make a home with a link to another one, a log, and what was last seen."""
    home = state / "homes" / name
    (home / "work").mkdir(parents=True)
    (home / "link").symlink_to(state / "homes" / "keep")
    (state / "logs").mkdir(exist_ok=True)
    (state / "logs" / f"{name}.log").write_text("open at")
    progress = Progress(points=1.0, maximum=20.0, pictures=0, running=0)
    Known(state / "class").put(Seen(user=name, assignment="tp2", time=NOW, gained=NOW, progress=progress))


def test_work_is_exported_and_then_account_and_data_are_erased(school: FakeHub, tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    (state / "homes" / "keep").mkdir(parents=True)
    (state / "homes" / "keep" / "file").write_text("mine")
    for name in ("ann", "bob", "eve"):
        fill(state, name)
    file, done = removing(school, out, state)
    assert [(each.student, each.outcome) for each in done] == [
        ("ann", "removed"), ("bob", "removed"), ("eve", "kept"),
    ]  # fmt: skip
    (exported,) = done[0].exported
    assert (out / exported).stat().st_size > 1000
    assert done[1].exported == []
    assert {path.name for path in (state / "homes").iterdir()} == {"keep", "eve"}
    assert (state / "homes" / "keep" / "file").read_text() == "mine"  # a link is not followed
    assert {path.name for path in (state / "logs").iterdir()} == {"eve.log"}
    assert Known(state / "class").users() == {"eve"}
    assert [path for path in school.paths("DELETE") if not path.endswith("/server")] == [
        "/hub/api/users/ann", "/hub/api/users/bob",
    ]  # fmt: skip
    written = json.loads(file.read_text())
    assert [each["student"] for each in written["students"]] == ["ann", "bob", "eve"]
    assert "failed" in written["students"][2]["why"]
    assert set(written["students"][0]["erased"]) == {"homes/ann", "logs/ann.log", "class"}


def test_extensions_go_with_their_student_and_all_else_stays(school: FakeHub, tmp_path: Path) -> None:
    removing(school, tmp_path / "out", tmp_path / "state")
    (put,) = [each for each in school.requests if each.method == "PUT"]
    assert put.json == {**deadlines(), "genai_lab": put.json["genai_lab"]}
    assert "ann" not in json.dumps(put.json)
    assert set(put.json["genai_lab"]["deadlines"]) == {"tp2", "seeds"}
    assert without_extensions(Group(name="TD1", properties=deadlines(zoe=DUE)), "ann") is None
    assert without_extensions(Group(name="TD1", properties={"genai_lab": "odd"}), "ann") is None


def test_an_account_that_the_hub_does_not_delete_keeps_its_data(school: FakeHub, tmp_path: Path) -> None:
    school.api("DELETE", "users/ann", status(400, "not now"))
    fill(tmp_path / "state", "ann")
    _, done = removing(school, tmp_path / "out", tmp_path / "state")
    assert done[0].outcome == "kept"
    assert "not now" in done[0].why
    assert (tmp_path / "state" / "homes" / "ann" / "work").is_dir()


def test_what_was_done_is_written_before_the_next_one_begins(school: FakeHub, tmp_path: Path) -> None:
    def killed(_: Removed) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        removing(school, tmp_path / "out", tmp_path / "state", killed)
    (file,) = (tmp_path / "out").glob("removed-*.json")
    assert [each["student"] for each in json.loads(file.read_text())["students"]] == ["ann"]
    assert "/hub/api/users/bob" not in school.paths("DELETE")


def test_every_assignment_is_exported(school: FakeHub, tmp_path: Path) -> None:
    removing(school, tmp_path / "out", tmp_path / "state")
    asked = {each.query["assignment"] for each in school.requests if each.path == "/user/bob/class/snapshot"}
    assert asked == set(assignment_ids())
