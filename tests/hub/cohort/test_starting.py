"""Tests of starting a class: each outcome, how many start at once, and that waiting labs block no others."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from hub.cohort import starting
from hub.cohort.client import HubClient, Server, User
from hub.cohort.starting import Outcome, start_all
from tests.hub.cohort.fakes import FakeHub, FakeRequest, events, status

LONG = 60  # seconds; a test that passes waits much less


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "RECONNECT_SECONDS", 0.01)


def begins(fake: FakeHub, name: str, stream: Any, **server: Any) -> None:
    """Let a lab's start give that progress stream. `server` is the Hub's data about the lab afterwards."""
    fake.api("POST", f"users/{name}/server", lambda request: request.answer(202))
    fake.api("GET", f"users/{name}/server/progress", stream)
    fake.api("GET", f"users/{name}/server", server)


def run(fake: FakeHub, *users: str | User, **more: Any) -> dict[str, Outcome]:
    async def connected() -> list[Outcome]:
        everyone = [User(name=user) if isinstance(user, str) else user for user in users]
        async with HubClient(fake.url, "token", retry_seconds=0.3) as hub:
            return await start_all(hub, everyone, **more)

    return {outcome.user: outcome for outcome in asyncio.run(connected())}


READY = {"progress": 100, "ready": True, "message": "Server ready"}


def waits(fake: FakeHub, until: threading.Event, *sent: dict[str, Any]) -> Callable[[FakeRequest], None]:
    """Reply with a stream that stays open until the event is set, and then says that the lab is ready."""

    def reply(request: FakeRequest) -> None:
        events({"progress": 0, "message": "asked"}, *sent)(request)
        until.wait(LONG)
        request.wfile.write(b'data: {"ready": true}\n\n')

    return reply


def test_each_ends_as_the_hub_says(fake: FakeHub) -> None:
    begins(fake, "ann", events({"progress": 50}, READY))
    begins(fake, "bob", events({"failed": True, "message": "Spawn failed: no\x1b[31m image"}))
    fake.api("POST", "users/cyd/server", status(500, "the lab's last words"))
    outcomes = run(fake, "ann", "bob", "cyd")
    assert outcomes["ann"].state == "ready"
    assert outcomes["bob"] == Outcome("bob", "failed", reason="Spawn failed: no[31m image")
    assert outcomes["cyd"] == Outcome("cyd", "failed", reason="the lab's last words")


def test_what_runs_already_is_not_asked_again(fake: FakeHub) -> None:
    running = User(name="ann", servers={"": Server(ready=True)})
    assert run(fake, running)["ann"].state == "ready"
    assert fake.paths("POST") == []


def test_a_lab_that_was_started_by_its_student_meanwhile_is_ready(fake: FakeHub) -> None:
    fake.api("POST", "users/ann/server", status(400, "ann is already running"))
    fake.api("GET", "users/ann/server/progress", events(READY))
    fake.api("GET", "users/ann/server", {"ready": True})
    assert run(fake, "ann")["ann"].state == "ready"


def test_a_stream_that_breaks_is_taken_up_again(fake: FakeHub) -> None:
    begins(fake, "ann", events({"progress": 10}), pending="spawn")
    fake.api("GET", "users/ann/server/progress", events({"progress": 10}), events(READY))
    assert run(fake, "ann")["ann"].state == "ready"
    assert len([path for path in fake.paths("GET") if path.endswith("progress")]) == 2


def test_a_lab_that_just_ended_has_failed(fake: FakeHub) -> None:
    begins(fake, "ann", events({"progress": 10}), ready=False)
    assert run(fake, "ann")["ann"].state == "failed"


def test_who_waits_for_a_gpu_keeps_nobody_and_is_reported_with_the_place(fake: FakeHub) -> None:
    never = threading.Event()
    try:
        begins(fake, "ann", waits(fake, never, {"message": "Waiting for a GPU", "position": 2}))
        begins(fake, "bob", waits(fake, never, {"progress": 5, "position": 1}))
        begins(fake, "cyd", events(READY))
        outcomes = run(fake, "ann", "bob", "cyd", at_once=1)
    finally:
        never.set()
    assert outcomes["ann"] == Outcome("ann", "waiting", 2, "Waiting for a GPU")
    assert outcomes["bob"] == Outcome("bob", "waiting", 1)
    assert outcomes["cyd"].state == "ready"


def test_a_place_in_the_line_that_comes_is_waited_for(fake: FakeHub) -> None:
    """The first lab in the queue gets a GPU while another lab is still starting."""
    cyd_is_ready = threading.Event()
    begins(fake, "ann", events({"position": 1}, {"progress": 60, "message": "granted"}, READY))
    begins(fake, "cyd", waits(fake, cyd_is_ready))
    seen: list[Outcome] = []

    def on_change(outcome: Outcome) -> None:
        seen.append(outcome)
        if outcome == Outcome("ann", "ready"):
            cyd_is_ready.set()

    outcomes = run(fake, "ann", "cyd", on_change=on_change)
    assert [each.state for each in seen if each.user == "ann"] == ["waiting", "starting", "ready"]
    assert {outcome.state for outcome in outcomes.values()} == {"ready"}


def test_no_more_start_at_once_than_asked_for(fake: FakeHub) -> None:
    lock, two, now, most = threading.Lock(), threading.Event(), 0, 0

    def slow(request: FakeRequest) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now > 1:
                two.set()
        two.wait(LONG)
        with lock:
            now -= 1
        events(READY)(request)

    names = [f"u{number}" for number in range(20)]
    for name in names:
        begins(fake, name, slow)
    assert {each.state for each in run(fake, *names, at_once=3).values()} == {"ready"}
    assert 1 < most <= 3


def test_when_time_is_up_it_says_who_is_still_starting(fake: FakeHub) -> None:
    never = threading.Event()
    try:
        begins(fake, "ann", events(READY))
        begins(fake, "bob", waits(fake, never))
        outcomes = run(fake, "ann", "bob", seconds=5)
    finally:
        never.set()
    assert (outcomes["ann"].state, outcomes["bob"].state) == ("ready", "starting")


def test_a_hub_that_dies_is_each_ones_failure_and_no_crash(fake: FakeHub) -> None:
    def gone(request: FakeRequest) -> None:
        request.handler.connection.close()

    fake.api("POST", "users/ann/server", gone)
    outcome = run(fake, "ann")["ann"]
    assert outcome.state == "failed"
    assert "does not answer" in outcome.reason
