"""Tests of Ctrl-C and kill -9: finished work is not lost, and no traceback is shown."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exercises.loader import find_assignment
from grading.submission.hand_in import freeze
from tests.grading.good import make_work
from tests.hub.cohort.fakes import FakeHub, FakeRequest, events, pages, status

LONG = 120  # seconds; the machine may be busy


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    tp2 = find_assignment("tp2")
    data = io.BytesIO()
    freeze(data, tp2, make_work(tmp_path_factory.mktemp("work"), tp2, "ann"), "en")
    return data.getvalue()


def begin(fake: FakeHub, *arguments: str) -> subprocess.Popen[str]:
    """Start `genai-lab cohort …` as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "genai_lab", "cohort", *arguments],
        env=os.environ
        | {
            "GENAI_HUB_URL": fake.url,
            "GENAI_HUB_TOKEN": "token",
            "GENAI_LANGUAGE": "en",
            "NO_PROXY": "127.0.0.1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def has_class(fake: FakeHub, **running: bool) -> None:
    """Set the Hub's users by name, each with whether the lab runs."""
    users = [
        {"name": name, "servers": {"": {"ready": True, "url": f"/user/{name}/"}} if runs else {}}
        for name, runs in running.items()
    ]
    fake.api("GET", "users", pages(users, 50))
    fake.api("GET", "groups", pages([], 50))
    for name in running:
        fake.api("POST", f"users/{name}/lab-pass", {"token": "pass"})


def hangs(reached: threading.Event, go_on: threading.Event) -> Callable[[FakeRequest], None]:
    def reply(request: FakeRequest) -> None:
        reached.set()
        go_on.wait(LONG)
        request.answer(500)

    return reply


def test_a_collect_that_is_killed_keeps_what_it_had_and_can_be_done_again(
    fake: FakeHub, frozen: bytes, tmp_path: Path
) -> None:
    has_class(fake, ann=True, bob=True)
    bob_is_asked, go_on = threading.Event(), threading.Event()

    def as_zip(request: FakeRequest) -> None:
        request.answer(200, frozen, content_type="application/zip")

    fake.on("GET", "/user/ann/class/snapshot", as_zip)
    fake.on("GET", "/user/bob/class/snapshot", hangs(bob_is_asked, go_on))
    out = tmp_path / "out"
    process = begin(fake, "collect", "tp2", "--out", str(out))
    try:
        assert bob_is_asked.wait(LONG)
        while not list(out.rglob("*.zip")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate()
        go_on.set()
    [kept] = out.rglob("*.zip")
    assert kept.read_bytes() == frozen
    noted = json.loads((out / "collected.json").read_text())["snapshots"]
    assert [out / each["file"] for each in noted] == [kept]
    fake.on("GET", "/user/bob/class/snapshot", as_zip)
    again = begin(fake, "collect", "tp2", "--out", str(out))
    said, errors = again.communicate(timeout=LONG)
    assert again.returncode == 0, said + errors
    assert kept.read_bytes() == frozen
    students = [each["student"] for each in json.loads((out / "collected.json").read_text())["snapshots"]]
    assert sorted(students) == ["ann", "ann", "bob"]
    assert not list(out.rglob("*.part"))


def stopped_by_ctrl_c(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=LONG)
    assert process.returncode == 130, said + errors
    assert "Traceback" not in errors
    return errors


def test_ctrl_c_while_waiting_for_the_time_starts_nothing(fake: FakeHub) -> None:
    has_class(fake, ann=False)
    later = f"{datetime.now() + timedelta(hours=3):%H:%M}"
    process = begin(fake, "start", "--at", later)
    assert process.stderr is not None
    assert "Labs that begin to start at" in process.stderr.readline()
    stopped_by_ctrl_c(process)
    assert not [path for path in fake.paths("POST") if path.endswith("server")]


def test_ctrl_c_while_labs_start_leaves_them_starting(fake: FakeHub) -> None:
    has_class(fake, ann=False)
    reached, go_on = threading.Event(), threading.Event()
    fake.api("POST", "users/ann/server", lambda request: request.answer(202))
    fake.api("GET", "users/ann/server/progress", hangs(reached, go_on))
    process = begin(fake, "start")
    try:
        assert reached.wait(LONG)
        stopped_by_ctrl_c(process)
    finally:
        go_on.set()
    assert fake.paths("DELETE") == []


def test_a_time_that_has_just_passed_is_now(fake: FakeHub) -> None:
    has_class(fake, ann=False)
    fake.api("POST", "users/ann/server", lambda request: request.answer(201))
    fake.api("GET", "users/ann/server/progress", events({"ready": True}))
    process = begin(fake, "start", "--at", f"{datetime.now() - timedelta(minutes=2):%H:%M}", "--json")
    said, errors = process.communicate(timeout=LONG)
    assert (process.returncode, json.loads(said)["ready"]) == (0, 1), errors


def test_a_dead_hub_is_one_line(fake: FakeHub) -> None:
    fake.api("GET", "user", status(403, "Missing or invalid credentials."))
    process = begin(fake, "status")
    said, errors = process.communicate(timeout=LONG)
    assert (process.returncode, said) == (2, "")
    assert "invalid credentials" in errors
    assert errors.count("\n") == 1
