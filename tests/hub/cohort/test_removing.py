"""The end of a term: nothing is erased that was not exported first, and all that was done is written down."""

import asyncio
import io
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from exercises.loader import assignment_ids, find_assignment
from grading.submission.hand_in import freeze
from hub.class_page.known import Known, Seen
from hub.cohort.at_gateway import ADDRESS_FILE, TOKEN_FILE
from hub.cohort.client import Group, HubClient
from hub.cohort.deadlines import without_extensions
from hub.cohort.members import students
from hub.cohort.removing import Removed, remove
from hub.cohort.told import Progress
from manifests.wall import Settings, Shown
from tests.gateway.paying import PayingGateway, running
from tests.grading.good import make_work
from tests.hub.cohort.fakes import FakeHub, FakeRequest, pages, status
from tests.hub.cohort.test_interrupted import begin, hangs

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
    fake: FakeHub,
    out: Path,
    state: Path,
    on_done: Callable[[Removed], None] = lambda _: None,
    **more: bool,
) -> Any:
    async def connected() -> Any:
        async with HubClient(fake.url, "token", retry_seconds=0.2) as hub:
            return await remove(hub, await students(hub, None), out, state, on_done, **more)

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


def files(folder: Path) -> set[str]:
    return {f"{path.relative_to(folder)}" for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("gone", [True, False], ids=["account-deleted", "account-there"])
def test_a_removal_that_is_killed_says_what_it_had_begun_and_the_next_one_ends_it(
    school: FakeHub, tmp_path: Path, gone: bool
) -> None:
    """Killed while the Hub deletes the account: nobody knows whether it has."""
    state, out = tmp_path / "state", tmp_path / "out"
    for name in ("ann", "bob"):
        fill(state, name)
    before = files(state / "homes" / "ann")
    reached, go_on = threading.Event(), threading.Event()
    school.api("DELETE", "users/ann", hangs(reached, go_on))
    process = begin(school, "remove", "ann", "--yes", "--out", str(out), "--state", str(state))
    try:
        assert reached.wait(120), process.communicate()
        (file,) = out.glob("removed-*.json")
        (written,) = json.loads(file.read_text())["students"]
    finally:
        process.kill()
        process.communicate()
        go_on.set()
    assert (written["student"], written["outcome"]) == ("ann", "begun")
    assert set(written["planned"]) == {"homes/ann", "logs/ann.log", "class"}
    assert len(written["exported"]) == 1
    assert not (state / "homes" / "ann").exists()  # who gets the name next finds nothing of hers

    ready = {"ready": True, "started": DUE}
    left = ["bob"] if gone else ["ann", "bob"]
    school.api("GET", "users", pages(
        [{"name": name, "servers": {"": ready | {"url": f"/user/{name}/"}}} for name in left], 10
    ))  # fmt: skip
    again = begin(school, "remove", "bob", "--yes", "--out", str(tmp_path / "again"), "--state", str(state))
    said, errors = again.communicate(timeout=120)
    assert again.returncode == 0, said + errors
    (file,) = (tmp_path / "again").glob("removed-*.json")
    finished = json.loads(file.read_text())["finished"]
    if gone:
        assert finished == ["homes/ann", "logs/ann.log"]
        assert files(state / "homes") | files(state / "logs") == set()
    else:
        assert finished == []
        assert files(state / "homes" / "ann") == before
        assert (state / "logs" / "ann.log").is_file()


def test_work_of_an_assignment_that_nobody_knows_is_erased_only_where_that_is_asked_for(
    school: FakeHub, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    fill(state, "bob")
    ghost = state / "homes" / "bob" / "work" / "ghost"
    ghost.mkdir()
    (ghost / "notes.json").write_text("{}")

    def without_ghost(request: FakeRequest) -> None:
        request.answer(404 if request.query["assignment"] == "ghost" else 204)

    school.on("GET", "/user/bob/class/snapshot", without_ghost)
    _, done = removing(school, tmp_path / "out", state)
    assert (done[1].student, done[1].outcome) == ("bob", "kept")
    assert "ghost" in done[1].why
    assert "--unknown-too" in done[1].why
    assert (ghost / "notes.json").is_file()
    asked = [each.path for each in school.requests if each.query.get("assignment") == "ghost"]
    assert asked == ["/user/bob/class/snapshot"]  # the hub's labs may know what this command does not

    file, done = removing(school, tmp_path / "again", state, unknown_too=True)
    assert done[1].outcome == "removed"
    assert json.loads(file.read_text())["students"][1]["unexported"] == ["ghost"]
    assert not ghost.exists()


def at_gateway(gateway: PayingGateway, name: str) -> tuple[str | None, list[str | None], int]:
    """What the gateway has: the person's feedback, whose works, and how many pictures."""
    works = gateway.gateway.wall.wall("teacher", True).works
    pictures = list((gateway.state / "wall").iterdir())
    return gateway.gateway.feedback.of(name, "tp2"), [work.author for work in works], len(pictures)


def test_feedback_and_works_on_the_wall_go_with_their_student(school: FakeHub, tmp_path: Path) -> None:
    state, png = tmp_path / "state", io.BytesIO()
    state.mkdir()
    Image.new("RGB", (64, 64)).save(png, "PNG")
    settings = Settings(assignment="tp2", model="mini", mode="text2img", prompt="a red fox")
    with running(tmp_path) as gateway:
        feedback, wall = gateway.gateway.feedback, gateway.gateway.wall
        shown = Shown(title="A fox", shown_as="Ann", made_by=settings)
        work = wall.show("ann", shown, png.getvalue())
        wall.show("zoe", Shown(title="A hen", made_by=settings, remix_of=work), png.getvalue())
        for name in ("ann", "zoe"):
            feedback.publish(name, "tp2", "{}", NOW)
        feedback.ask("ann", "tp2", "seeds", "Please look again.")
        (state / ADDRESS_FILE).write_text(gateway.url)
        (state / TOKEN_FILE).write_text("ada-token")  # a student's, who may not
        _, done = removing(school, tmp_path / "out", state)
        assert done[0].outcome == "kept"
        assert at_gateway(gateway, "ann") == ("{}", ["zoe", "ann"], 2)
        assert "/hub/api/users/ann" not in school.paths("DELETE")

        (state / TOKEN_FILE).write_text("teacher-token")
        _, done = removing(school, tmp_path / "again", state)
        assert (done[0].outcome, done[0].erased) == ("removed", ["gateway/feedback", "gateway/wall"])
        assert at_gateway(gateway, "ann") == (None, ["zoe"], 1)
        assert feedback.requests("tp2") == []
        assert at_gateway(gateway, "zoe")[0] == "{}"
        (left,) = wall.wall("zoe", False).works
        assert left.remix_of
        assert (left.remix_of.title, left.remix_of.shown_as) == ("A fox", "")
