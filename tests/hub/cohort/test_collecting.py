"""Tests of collecting: what is stored, how late it is, and that stored files never change."""

import asyncio
import hashlib
import io
import json
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from filelock import FileLock

from exercises.errors import UserError
from exercises.i18n import translator
from exercises.loader import find_assignment
from grading.class_.entries import find_entries
from grading.submission.hand_in import freeze
from grading.submission.reading import closing, open_submission
from hub.cohort import collecting, lab_client
from hub.cohort.client import HubClient, Server, User
from hub.cohort.collecting import collect, late_seconds
from hub.cohort.collection import Missed, Result, StoredSnapshot
from hub.cohort.commands.collect import _show
from hub.cohort.times import local_text
from tests.grading.good import make_work
from tests.hub.cohort.fakes import FakeHub, FakeRequest, events, pages, status

NOON = datetime(2025, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("changed", "due", "expected"),
    [
        (NOON - HOUR, None, 0),
        (NOON - HOUR, NOON, 0),
        (NOON - HOUR, NOON - HOUR, 0),
        (NOON - 2 * HOUR, NOON - HOUR, 0),  # collected late, finished in time
        (NOON - HOUR, NOON - 3 * HOUR, 7200),
        (NOON + HOUR, NOON - HOUR, 3600),  # a lab whose clock is ahead
        (None, NOON - HOUR, 3600),  # a lab that does not say when
        (None, NOON + HOUR, 0),
    ],
)
def test_late_is_what_was_changed_after_the_deadline(
    changed: datetime | None, due: datetime | None, expected: int
) -> None:
    assert late_seconds(NOON, changed, due) == expected


@pytest.mark.parametrize(
    ("handed_in", "changed", "expected"),
    [
        (NOON - 3 * HOUR, NOON, 0),  # handed in in time, and played on
        (NOON - HOUR, NOON, 3600),
        (NOON - HOUR, NOON - 3 * HOUR, 0),  # finished in time, and handed in later
        (NOON - HOUR, None, 3600),
        (NOON - 2 * HOUR + timedelta(milliseconds=999), NOON, 0),
    ],
)
def test_a_hand_in_is_late_by_its_own_time(
    handed_in: datetime, changed: datetime | None, expected: int
) -> None:
    assert late_seconds(NOON, changed, NOON - 2 * HOUR, handed_in) == expected


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    tp2 = find_assignment("tp2")
    data = io.BytesIO()
    freeze(data, tp2, make_work(tmp_path_factory.mktemp("work"), tp2, "ann"), "en")
    return data.getvalue()


def running(name: str) -> User:
    return User(name=name, servers={"": Server(ready=True, url=f"/user/{name}/")})


def gives(fake: FakeHub, name: str, *replies: Any) -> None:
    fake.api("POST", f"users/{name}/lab-pass", {"token": "pass"})
    fake.on("GET", f"/user/{name}/class/snapshot", *replies)


def as_zip(data: bytes, changed: datetime = NOON, **more: str) -> Callable[[FakeRequest], None]:
    headers = {
        "Content-Type": "application/zip",
        "Last-Modified": format_datetime(changed, usegmt=True),
        **more,
    }
    return lambda request: request.answer(200, data, **headers)


def do(fake: FakeHub, out: Path, *users: User, **more: Any) -> list[Result]:
    async def connected() -> list[Result]:
        async with HubClient(fake.url, "token", retry_seconds=0.2) as hub:
            return await collect(hub, users, "tp2", out, **more)

    return asyncio.run(connected())


@pytest.fixture(autouse=True)
def _groups(fake: FakeHub) -> None:
    due = {"genai_lab": {"deadlines": {"tp2": {"due": (NOON - HOUR).isoformat()}}}}
    fake.api("GET", "groups", pages([{"name": "A", "users": ["ann"], "properties": due}], 10))


def written(out: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in out.rglob("*.zip")}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_zip_with_a_time_that_no_clock_shows_is_that_students_failure(
    fake: FakeHub, frozen: bytes, tmp_path: Path, moment: str
) -> None:
    changed = io.BytesIO()
    with ZipFile(io.BytesIO(frozen)) as before, ZipFile(changed, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name == "submission.json":
                data = json.dumps(json.loads(data) | {"time": moment}).encode()
            after.writestr(name, data)
    gives(fake, "ann", as_zip(changed.getvalue(), NOON, **{"Genai-Handed-In": "1"}))
    gives(fake, "bob", as_zip(frozen))
    ann, bob = do(fake, tmp_path, running("ann"), running("bob"))
    assert isinstance(ann, Missed)
    assert isinstance(bob, StoredSnapshot)


def test_a_last_change_that_no_clock_shows_counts_as_not_said(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    gives(fake, "ann", as_zip(frozen, NOON, **{"Last-Modified": "Fri, 31 Dec 9999 23:59:59 GMT"}))
    [taken] = do(fake, tmp_path, running("ann"))
    assert isinstance(taken, StoredSnapshot)
    assert taken.changed is None


def test_what_is_kept_is_what_grade_reads_with_its_hash_and_time(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    gives(fake, "ann", as_zip(frozen))
    [taken] = do(fake, tmp_path, running("ann"))
    assert isinstance(taken, StoredSnapshot)
    assert (taken.late, taken.late_seconds) == (True, 3600)
    file = tmp_path / taken.file
    assert file.read_bytes() == frozen
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert taken.sha256 == hashlib.sha256(frozen).hexdigest()
    [(entry, problem)] = find_entries(tmp_path, tmp_path / "grades")
    assert (entry.name, problem) == ("ann", None)
    with closing(open_submission(tmp_path / "ann", "tp2")) as submission:
        assert submission.frozen is not None
    document = json.loads((tmp_path / "collected.json").read_text())
    assert [each["student"] for each in document["snapshots"]] == ["ann"]
    check = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_a_hand_in_of_before_the_deadline_is_in_time_though_the_student_plays_on(
    fake: FakeHub, frozen: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lab is told the deadline, and of what it sends both times are kept and shown."""
    handed_in = datetime.fromisoformat(
        json.loads(ZipFile(io.BytesIO(frozen)).read("submission.json"))["time"]
    )
    due = {"genai_lab": {"deadlines": {"tp2": {"due": (handed_in + HOUR).isoformat()}}}}
    fake.api("GET", "groups", pages([{"name": "A", "users": ["ann"], "properties": due}], 10))
    changed = (handed_in + 3 * HOUR).replace(microsecond=0)
    gives(fake, "ann", as_zip(frozen, changed, **{"Genai-Handed-In": "Fri, 27 Nov 2026 12:00:00 GMT"}))
    [taken] = do(fake, tmp_path, running("ann"))
    assert isinstance(taken, StoredSnapshot)
    assert (taken.handed_in, taken.changed, taken.late_seconds) == (handed_in, changed, 0)
    [asked] = [each for each in fake.requests if each.path.endswith("class/snapshot")]
    assert datetime.fromisoformat(asked.query["due"]) == handed_in + HOUR
    _show([taken], tmp_path, translator("hub", "en"))
    said = capsys.readouterr().out
    assert local_text(handed_in) in said
    assert local_text(changed) in said
    assert "late" not in said.splitlines()[1]


def test_work_that_was_not_handed_in_is_said_to_be_so(
    fake: FakeHub, frozen: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gives(fake, "ann", as_zip(frozen))
    [taken] = do(fake, tmp_path, running("ann"))
    assert isinstance(taken, StoredSnapshot)
    assert taken.handed_in is None
    _show([taken], tmp_path, translator("hub", "en"))
    assert "not handed in, late by 0 d 1 h 0 min" in capsys.readouterr().out


def test_another_round_adds_and_changes_nothing(fake: FakeHub, frozen: bytes, tmp_path: Path) -> None:
    gives(fake, "ann", as_zip(frozen))
    do(fake, tmp_path, running("ann"))
    before = written(tmp_path)
    for _ in range(2):  # also within the same second
        do(fake, tmp_path, running("ann"))
    after = written(tmp_path)
    assert len(after) == 3
    assert before.items() <= after.items()
    document = json.loads((tmp_path / "collected.json").read_text())
    assert {each["file"] for each in document["snapshots"]} == {str(p.relative_to(tmp_path)) for p in after}


def test_one_lab_that_sends_rubbish_does_not_end_the_round(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    gives(fake, "ann", as_zip(frozen))
    gives(fake, "bob", lambda request: request.answer(200, b"rubbish", content_type="application/zip"))
    gives(fake, "cyd", lambda request: request.answer(204))
    fake.api("POST", "users/dan/lab-pass", status(404))
    results = do(fake, tmp_path, *(running(name) for name in ("ann", "bob", "cyd", "dan")))
    said = {each.student: each.why for each in results if isinstance(each, Missed)}
    assert said == {"bob": "failed", "cyd": "nothing", "dan": "failed"}
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"ann", "bob", "cyd", "dan"}
    assert [path.name for path in (tmp_path / "bob").iterdir()] == []
    assert len(json.loads((tmp_path / "collected.json").read_text())["missed"]) == 3


class StoppedLab:
    """The stopped lab of `ann`, with her last options. `seen` lists the requests it received."""

    def __init__(self, fake: FakeHub) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.state: dict[str, Any] = {
            "ready": False,
            "url": "/user/ann/",
            "last_activity": NOON.isoformat(),
            "user_options": {"processor": "gpu"},
        }
        fake.api("GET", "users/ann/server", lambda request: request.answer(200, self.state))
        fake.api("GET", "users/ann/server/progress", events({"ready": True}))
        fake.api("POST", "users/ann/server", lambda request: self.do(request, "start", ready=True))
        fake.api("DELETE", "users/ann/server", lambda request: self.do(request, "stop", ready=False))
        fake.api("PATCH", "users/ann/server", lambda request: self.do(request, "set"))

    def do(self, request: FakeRequest, what: str, **change: Any) -> None:
        body = request.json if request.body else {}
        self.seen.append((what, body.get("user_options")))
        self.state = self.state | change | body
        request.answer(200, {})


def test_a_stopped_lab_is_started_without_a_gpu_and_left_as_it_was(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    lab = StoppedLab(fake)
    gives(fake, "ann", as_zip(frozen))
    [taken] = do(fake, tmp_path, User(name="ann"))
    assert isinstance(taken, StoredSnapshot)
    assert lab.seen == [("start", lab_client.WITHOUT_GPU), ("stop", None), ("set", {"processor": "gpu"})]
    assert lab.state["ready"] is False


def test_a_lab_its_student_came_into_meanwhile_goes_on(fake: FakeHub, frozen: bytes, tmp_path: Path) -> None:
    lab = StoppedLab(fake)

    def came_in(request: FakeRequest) -> None:
        lab.state = lab.state | {"last_activity": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
        as_zip(frozen)(request)

    gives(fake, "ann", came_in)
    do(fake, tmp_path, User(name="ann"))
    assert lab.seen == [("start", lab_client.WITHOUT_GPU)]
    assert lab.state["ready"] is True


def test_a_lab_that_tells_its_own_start_late_was_not_used(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    lab = StoppedLab(fake)
    began = datetime.now(UTC) - timedelta(seconds=5)

    def tells(request: FakeRequest) -> None:
        lab.state = lab.state | {"last_activity": began.isoformat()}
        as_zip(frozen)(request)

    gives(fake, "ann", tells)
    do(fake, tmp_path, User(name="ann"))
    assert [what for what, _ in lab.seen] == ["start", "stop", "set"]


def test_a_stopped_lab_is_left_alone_when_asked_to(fake: FakeHub, tmp_path: Path) -> None:
    lab = StoppedLab(fake)
    assert do(fake, tmp_path, User(name="ann"), running_only=True) == [Missed(student="ann", why="stopped")]
    assert lab.seen == []


def test_two_do_not_write_one_folder_at_a_time(fake: FakeHub, tmp_path: Path) -> None:
    with FileLock(tmp_path / ".collect.lock"), pytest.raises(UserError, match="Another collect"):
        do(fake, tmp_path, running("ann"))


@pytest.mark.parametrize("content", ["", "{}", '{"assignment": "tp2", "snapshots": 3}', "[]"])
def test_a_list_of_something_else_is_not_overwritten(fake: FakeHub, tmp_path: Path, content: str) -> None:
    (tmp_path / "collected.json").write_text(content or " ")
    with pytest.raises(UserError, match="is not what collect wrote"):
        do(fake, tmp_path, running("ann"))
    assert (tmp_path / "collected.json").read_text() == (content or " ")


def test_another_assignments_folder_is_not_mixed_up(fake: FakeHub, tmp_path: Path) -> None:
    (tmp_path / "collected.json").write_text('{"assignment": "tp9"}')
    with pytest.raises(UserError, match="tp9"):
        do(fake, tmp_path, running("ann"))


def test_a_full_disk_ends_the_round_and_keeps_what_was_finished(
    fake: FakeHub, frozen: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bob"):
        gives(fake, name, as_zip(frozen))
    do(fake, tmp_path, running("ann"))
    kept = written(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(collecting, "store", full)
    with pytest.raises(OSError, match="No space"):
        do(fake, tmp_path, running("ann"), running("bob"))
    assert written(tmp_path) == kept
    assert not list(tmp_path.rglob("*.part"))


def test_what_was_noted_but_never_came_is_forgotten_in_the_next_round(
    fake: FakeHub, frozen: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gives(fake, "ann", as_zip(frozen))
    with monkeypatch.context() as killed:
        killed.setattr(collecting, "store", interrupt)
        with pytest.raises(KeyboardInterrupt):
            do(fake, tmp_path, running("ann"))
    assert written(tmp_path) == {}
    do(fake, tmp_path, running("ann"))
    document = json.loads((tmp_path / "collected.json").read_text())
    assert [tmp_path / each["file"] for each in document["snapshots"]] == list(written(tmp_path))


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_names_that_are_no_folders_are_made_ones(fake: FakeHub, frozen: bytes, tmp_path: Path) -> None:
    for name in ("collected.json", "index.html", "con"):
        gives(fake, name, as_zip(frozen))
    results = do(fake, tmp_path, *(running(name) for name in ("collected.json", "index.html", "con")))
    assert all(isinstance(each, StoredSnapshot) for each in results)
    folders = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert len(folders) == 3
    assert not folders & {"collected.json", "index.html", "con"}
