"""Labs belong to their students: a bad answer is that lab's failure, and no lab learns the token."""

import asyncio
import gzip
import io
import itertools
import json
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.loader import find_assignment
from grading.submission.hand_in import freeze
from hub.cohort import lab_client
from hub.cohort.client import HubClient, Server
from hub.cohort.lab_client import LabClient, LabError, Progress, Snapshot
from tests.grading.good import make_work
from tests.hub.cohort.fakes import FakeHub, FakeRequest, status

T = TypeVar("T")
SECRET = "the-cohorts-own-token"
PROGRESS, SNAPSHOT = "/user/ann/class/progress", "/user/ann/class/snapshot"
GOOD = {"assignment": "tp2", "points": 7.5, "maximum": 20, "pictures": 4, "running": 1}


@pytest.fixture(autouse=True)
def _pass(fake: FakeHub) -> None:
    numbers = itertools.count()
    fake.api(
        "POST", "users/ann/lab-pass", lambda request: request.answer(201, {"token": f"pass-{next(numbers)}"})
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab_client, "BUSY_SECONDS", 0.01)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    tp2 = find_assignment("tp2")
    data = io.BytesIO()
    freeze(data, tp2, make_work(tmp_path_factory.mktemp("work"), tp2, "ann"), "en")
    return data.getvalue()


def ask(fake: FakeHub, work: Callable[[LabClient, Server], Awaitable[T]]) -> T:
    async def connected() -> T:
        async with HubClient(fake.url, SECRET, retry_seconds=0.2) as hub, LabClient(hub) as labs:
            return await work(labs, Server(ready=True, url="/user/ann/"))

    return asyncio.run(connected())


def progress(fake: FakeHub) -> Progress:
    return ask(fake, lambda labs, server: labs.progress("ann", server, "tp2"))


def snapshot(fake: FakeHub, path: Path) -> Snapshot | None:
    return ask(fake, lambda labs, server: labs.snapshot("ann", server, "tp2", path))


def as_zip(data: bytes, **headers: str) -> Callable[[FakeRequest], None]:
    return lambda request: request.answer(200, data, content_type="application/zip", **headers)


def test_progress_is_what_the_lab_says(fake: FakeHub) -> None:
    fake.on("GET", PROGRESS, GOOD | {"something": "else"})
    assert progress(fake) == Progress(points=7.5, maximum=20, pictures=4, running=1)


def test_a_lab_never_sees_the_cohorts_token_nor_what_another_lab_set(fake: FakeHub) -> None:
    cookie = {"Set-Cookie": "spy=1; Path=/"}
    fake.on("GET", PROGRESS, lambda request: request.answer(200, GOOD, **cookie))

    async def thrice(labs: LabClient, server: Server) -> None:
        for _ in range(3):
            await labs.progress("ann", server, "tp2")

    ask(fake, thrice)
    seen = [each for each in fake.requests if each.path == PROGRESS]
    assert [each.headers["authorization"] for each in seen] == [
        "token pass-0",
        "token pass-1",
        "token pass-2",
    ]
    for each in seen:
        assert SECRET not in str(each.headers)
        assert "cookie" not in each.headers


@pytest.mark.parametrize(
    "reply",
    [
        lambda request: request.answer(200, b"<html>", content_type="text/html"),
        lambda request: request.answer(200, b"{", content_type="application/json"),
        lambda request: request.answer(200, b"[" * 60_000, content_type="application/json"),
        lambda request: request.answer(302, location="http://127.0.0.1:1/"),
        lambda request: request.answer(200, gzip.compress(json.dumps(GOOD).encode()), content_encoding="gzip",
                                   content_type="application/json"),
        lambda request: request.wfile.write(b"not even HTTP\r\n\r\n"),
        lambda request: request.handler.connection.close(),
        status(500), status(403), status(404),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_that_labs_failure(fake: FakeHub, reply: Any) -> None:
    fake.on("GET", PROGRESS, reply)
    with pytest.raises(LabError):
        progress(fake)


@pytest.mark.parametrize(
    "change",
    [
        {"points": "7"}, {"points": -1}, {"points": float("inf")}, {"points": 1e300}, {"points": True},
        {"pictures": 10**40}, {"pictures": 1.5}, {"running": None}, {"maximum": [1]},
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_not_believed(fake: FakeHub, change: dict[str, Any]) -> None:
    fake.on("GET", PROGRESS, GOOD | change)
    with pytest.raises(LabError):
        progress(fake)


def for_ever(request: FakeRequest) -> None:
    """Send endless JSON until the client closes the connection."""
    request.begin(200, content_type="application/json")
    while True:
        request.wfile.write(b" " * 4096)


def test_an_endless_answer_is_left(fake: FakeHub) -> None:
    fake.on("GET", PROGRESS, for_ever)
    with pytest.raises(LabError, match="more than is accepted"):
        progress(fake)


def test_a_lab_that_says_nothing_is_left_after_a_while(
    fake: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_client, "PROGRESS_SECONDS", 0.5)
    fake.on(
        "GET", PROGRESS, lambda request: request.handler.connection.recv(1)
    )  # the client sends nothing more
    with pytest.raises(LabError, match="does not answer"):
        progress(fake)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_any_bytes_are_progress_or_no_answer(fake: FakeHub, data: bytes) -> None:
    fake.on("GET", PROGRESS, lambda request: request.answer(200, data, content_type="application/json"))
    with pytest.raises(LabError):
        progress(fake)


def test_a_snapshot_is_written_as_it_came(fake: FakeHub, frozen: bytes, tmp_path: Path) -> None:
    fake.on("GET", SNAPSHOT, as_zip(frozen, last_modified="Fri, 20 Nov 2026 10:00:00 GMT"))
    received = snapshot(fake, tmp_path / "part")
    assert received is not None
    assert received.bytes == len(frozen)
    assert received.changed is not None
    assert received.changed.isoformat() == "2026-11-20T10:00:00+00:00"
    assert (tmp_path / "part").read_bytes() == frozen


@pytest.mark.parametrize("said", ["", "yesterday", "Fri, 99 Nov 2026 10:00:00 GMT", "1" * 5000])
def test_a_time_that_is_none_is_not_known(fake: FakeHub, frozen: bytes, tmp_path: Path, said: str) -> None:
    fake.on("GET", SNAPSHOT, as_zip(frozen, last_modified=said))
    received = snapshot(fake, tmp_path / "part")
    assert received is not None
    assert received.changed is None


def test_who_has_nothing_yet_gives_nothing(fake: FakeHub, tmp_path: Path) -> None:
    fake.on("GET", SNAPSHOT, lambda request: request.answer(204))
    assert snapshot(fake, tmp_path / "part") is None


def test_a_lab_that_makes_another_snapshot_is_asked_again(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    fake.on("GET", SNAPSHOT, status(503), status(503), as_zip(frozen))
    assert snapshot(fake, tmp_path / "part") is not None
    fake.on("GET", SNAPSHOT, status(503))
    with pytest.raises(LabError, match="503"):
        snapshot(fake, tmp_path / "other")


def test_a_snapshot_that_never_ends_is_left(
    fake: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_client, "MAX_ZIP_BYTES", 2**20)

    def endless(request: FakeRequest) -> None:
        request.begin(200, content_type="application/zip")
        while True:
            request.wfile.write(bytes(2**16))

    fake.on("GET", SNAPSHOT, endless)
    with pytest.raises(LabError, match="more than is accepted"):
        snapshot(fake, tmp_path / "part")
    assert (tmp_path / "part").stat().st_size <= 2**20


def test_a_snapshot_that_drips_is_left(
    fake: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lab_client, "SNAPSHOT_SECONDS", 1.0)

    def drip(request: FakeRequest) -> None:
        request.begin(200, content_type="application/zip")
        while True:
            request.wfile.write(b"P")
            request.handler.connection.settimeout(0.05)
            try:
                if not request.handler.connection.recv(1):
                    return
            except TimeoutError:
                continue

    fake.on("GET", SNAPSHOT, drip)
    with pytest.raises(LabError, match="does not answer"):
        snapshot(fake, tmp_path / "part")


def zip_of(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04 and so on",
        zip_of(),
        zip_of(**{"tp2/outputs/a.json": b"{}"}),
        zip_of(**{"submission.json": b"[" * 100_000}),
        zip_of(**{"submission.json": bytes(50 * 2**20)}),
        zip_of(**{"submission.json": json.dumps(
            {"schema": "genai-lab/submission/1", "student": "ann", "assignment": "tp9", "language": "en",
             "time": "2026-11-20T10:00:00Z", "files": []}).encode()}),
        zip_of(**{f"f{number}": b"" for number in range(11_000)}),
    ],
    ids=["empty", "no zip", "no members", "no list", "deep", "bomb", "another assignment", "too many"],
)  # fmt: skip
def test_what_is_no_frozen_submission_is_that_labs_failure(
    fake: FakeHub, tmp_path: Path, data: bytes
) -> None:
    fake.on("GET", SNAPSHOT, as_zip(data))
    with pytest.raises(LabError):
        snapshot(fake, tmp_path / "part")
