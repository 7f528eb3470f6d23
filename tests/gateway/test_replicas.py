"""Two replicas on a real Ray: drawn on both at once, in fair turn, and whatever is lost begins again."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from exercises.errors import MissingExtra
from exercises.i18n import LANGUAGES
from gateway import command
from gateway.class_watch import ClassState
from gateway.settings import GatewaySettings
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Done, Event, Failed, Picture, Queued, Restarted, Step
from lab.engine.remote import RemoteJob
from lab.models.settings import ModelSettings
from manifests.png import pixels_sha256
from manifests.receipts import verify
from tests.gateway.conftest import RunningGateway, StartGateway
from tests.lab.engine.asking import asked, likeness, made

SAME = 50  # dB: the bound of docs/gateway.md
LONG = {"steps": 60, "width": 128, "height": 128}
SHORT = {"steps": 10, "width": 128, "height": 128}  # twelve of these are a turn (`fair_queue.QUANTUM`)


@pytest.fixture(scope="module")
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """`genai-lab gateway` with two replicas, which draw with the bundled `mini`."""
    weights = str(ModelSettings().mini_weights)
    started = start_gateway(GENAI_GATEWAY_REPLICAS="2", GENAI_MINI_WEIGHTS=weights)
    until(lambda: all(replica.up for replica in state(started).replicas))
    return started


@pytest.fixture
def local() -> Iterator[LocalEngine]:
    """The engine of one process, with the same weights."""
    engine = LocalEngine()
    yield engine
    engine.close()


def state(gateway: RunningGateway) -> ClassState:
    with gateway.client("teacher") as client:
        return ClassState.model_validate(client.get("/class").raise_for_status().json())


def until(true: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def submit(gateway: RunningGateway, name: str, **request: Any) -> RemoteJob:
    return gateway.engine(name).submit(asked(**request), model="mini")


def picture(job: RemoteJob) -> Picture:
    *_, last = job.events()
    assert isinstance(last, Done), last
    return last.picture


def step_of(job: RemoteJob, number: int) -> Step:
    return next(event for event in job.events() if isinstance(event, Step) and event.step >= number)


def told(job: RemoteJob) -> list[Event]:
    """What its lab has been told so far."""
    return list(job._events) or [Queued(0)]


def draws_after(job: RemoteJob, losses: int) -> bool:
    """Whether it is drawn, after so many replicas were lost."""
    return told(job).count(Restarted()) == losses and isinstance(told(job)[-1], Step)


def processes(gateway: RunningGateway, *, at_work: bool = False) -> list[int]:
    """The replicas' own, by what the gateway says of them; `at_work`: of those that draw now."""
    return [
        int(found.group(1))
        for replica in state(gateway).replicas
        if (found := re.search(r"\((\d+), ", replica.where)) and (replica.running or not at_work)
    ]


def test_two_students_pictures_are_drawn_on_two_replicas_at_once_and_are_those_of_one_engine(
    gateway: RunningGateway, local: LocalEngine
) -> None:
    jobs = [submit(gateway, name, seed=seed, **LONG) for seed, name in enumerate(("ada", "ben"))]
    for job in jobs:
        step_of(job, 3)
    said = state(gateway)
    assert [replica.running for replica in said.replicas] == [1, 1]
    assert {replica.model for replica in said.replicas} == {"mini"}
    assert len(said.drawn) == 2
    for seed, job in enumerate(jobs):
        drawn = picture(job)
        assert drawn.drawn.batch_size == 1
        assert likeness(made(local, asked(seed=seed, **LONG)), drawn) >= SAME
        assert drawn.drawn.receipt
        receipt, pixels = verify(drawn.drawn.receipt, gateway.keys())
        assert receipt.student == ("ada", "ben")[seed]
        assert pixels == pixels_sha256(drawn.image)


def test_the_metrics_say_which_replica_draws_how_many(gateway: RunningGateway) -> None:
    job = submit(gateway, "ada", **LONG)
    step_of(job, 1)
    with gateway.client("teacher") as client:
        families = {each.name: each for each in text_string_to_metric_families(client.get("/metrics").text)}
    job.cancel()
    running = {each.labels["replica"]: each.value for each in families["genai_replica_running"].samples}
    assert sorted(running) == ["1", "2"]
    assert sum(running.values()) == 1
    assert {each.value for each in families["genai_replica_up"].samples} == {1}


def test_stop_stops_within_a_step_and_gives_the_place_back(gateway: RunningGateway) -> None:
    jobs = [submit(gateway, "ada", seed=seed, **LONG) for seed in range(2)]
    for job in jobs:
        step_of(job, 3)
    drawn = {each.key: each for each in state(gateway).drawn}
    with gateway.client("teacher") as client:
        assert client.delete(f"/class/drawings/ada/{jobs[0].id}").status_code == 204
    *_, last = jobs[0].events()
    assert isinstance(last, Cancelled)
    reached = max(event.step for event in jobs[0].events() if isinstance(event, Step))
    assert reached <= drawn[jobs[0].id].step + 5  # what was drawn until the gateway was told
    assert picture(jobs[1])
    assert sum(replica.running for replica in state(gateway).replicas) == 0


def test_who_sends_many_pictures_holds_up_a_newcomer_by_a_turn_only(gateway: RunningGateway) -> None:
    with gateway.client("teacher") as client:
        client.post("/class/pause")
    many = [submit(gateway, "ada", seed=seed, **SHORT) for seed in range(40)]
    until(lambda: len(state(gateway).waiting) == 40)
    one = submit(gateway, "ben", **SHORT)
    until(lambda: len(state(gateway).waiting) == 41)
    (place,) = [each.position for each in state(gateway).waiting if each.student == "ben"]
    with gateway.client("teacher") as client:
        client.post("/class/resume")
    picture(one)
    done = sum(job.ended for job in many)
    assert place <= 14  # after one turn, and the one whose turn it was when they were paused
    assert done <= 32  # those that the replicas draw at once
    for job in many:
        assert picture(job)


def test_killed_in_the_middle_its_picture_is_drawn_elsewhere_and_the_student_is_told(
    gateway: RunningGateway, local: LocalEngine
) -> None:
    pids = processes(gateway)
    assert all("Replica" in psutil.Process(pid).cmdline()[0] for pid in pids)
    jobs = {name: submit(gateway, name, seed=7, **LONG) for name in ("ada", "ben")}
    for job in jobs.values():
        step_of(job, 10)
    os.kill(pids[0], signal.SIGKILL)
    events: dict[str, list[Event]] = {name: list(job.events()) for name, job in jobs.items()}
    (lost,) = [name for name, told in events.items() if any(isinstance(each, Restarted) for each in told)]
    where = next(n for n, each in enumerate(events[lost]) if isinstance(each, Restarted))
    again = [event.step for event in events[lost][where:] if isinstance(event, Step)]
    assert again == list(range(1, LONG["steps"] + 1))
    alone = made(local, asked(seed=7, **LONG))
    for job in jobs.values():
        assert likeness(alone, picture(job)) >= SAME
    until(lambda: all(replica.up for replica in state(gateway).replicas))
    assert set(processes(gateway)).isdisjoint(pids[:1])
    assert sum(replica.lost for replica in state(gateway).replicas) == 1


def test_all_replicas_killed_the_line_waits_until_they_are_back(gateway: RunningGateway) -> None:
    job = submit(gateway, "ada", **LONG)
    step_of(job, 5)
    for pid in processes(gateway):
        os.kill(pid, signal.SIGKILL)
    assert picture(job)


def test_one_that_begins_again_and_is_stopped_ends(gateway: RunningGateway) -> None:
    until(lambda: all(replica.up for replica in state(gateway).replicas))
    job = submit(gateway, "ada", **LONG)
    step_of(job, 5)
    for pid in processes(gateway):
        os.kill(pid, signal.SIGKILL)
    with gateway.client("teacher") as client:
        client.delete(f"/class/drawings/ada/{job.id}")
    *_, last = job.events()
    assert isinstance(last, Cancelled)
    until(lambda: not any(replica.running for replica in state(gateway).replicas))


def test_one_whose_replicas_are_lost_again_and_again_is_given_up_and_says_so(gateway: RunningGateway) -> None:
    job = submit(gateway, "ada", **LONG)
    for lost in range(3):
        until(partial(draws_after, job, lost))
        (pid,) = processes(
            gateway, at_work=True
        )  # were both killed, it might be handed to a dead one, and lost twice
        os.kill(pid, signal.SIGKILL)
    *_, last = job.events()
    assert last == Failed("replicas_lost", {"times": 3})


def test_a_gateway_that_is_killed_leaves_no_replica_behind(gateway: RunningGateway) -> None:
    """Comes last: it ends the module's gateway."""
    until(lambda: all(replica.up for replica in state(gateway).replicas))
    replicas = [psutil.Process(pid) for pid in processes(gateway)]
    gateway.kill()
    assert psutil.wait_procs(replicas, timeout=30)[1] == []


def test_more_replicas_than_there_is_room_for_are_refused_with_what_to_change(tmp_path: Path) -> None:
    ended = genai_lab_gateway(tmp_path, GENAI_GATEWAY_REPLICAS="500")
    assert ended.returncode == 2
    assert "500 replicas need 500.0 CPU" in ended.stderr
    assert "GENAI_GATEWAY_REPLICAS" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_ray_that_does_not_answer_is_named(tmp_path: Path) -> None:
    ended = genai_lab_gateway(tmp_path, GENAI_GATEWAY_REPLICAS="1", RAY_ADDRESS="nobody-is-there")
    assert ended.returncode == 2
    assert "nobody-is-there (RAY_ADDRESS)" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_ray_that_does_not_start_is_told_with_its_own_reason(tmp_path: Path) -> None:
    folder = tmp_path / ("much too long for the path of a socket " * 3)
    folder.mkdir()
    ended = genai_lab_gateway(tmp_path, GENAI_GATEWAY_REPLICAS="1", TMPDIR=str(folder))
    assert ended.returncode == 2
    assert "Ray does not start on this machine" in ended.stderr
    assert "107 bytes" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(folder.iterdir())


def test_a_ray_that_starts_only_at_the_second_try_is_used_and_the_first_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from gateway import replicas  # here, as Ray takes seconds to import

    tries: list[dict[str, object]] = []

    def init(**options: object) -> None:
        tries.append(options)
        if len(tries) == 1:
            raise ValueError("The current node timed out during startup.")

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(replicas.ray, "init", init)
    folder = replicas._connect()
    assert folder is not None
    assert len(tries) == 2
    assert tries[1]["_temp_dir"] == folder
    assert not Path(str(tries[0]["_temp_dir"])).exists()
    assert "timed out during startup" in caplog.text
    Path(folder).rmdir()


def genai_lab_gateway(state: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`genai-lab gateway` that cannot start, in English."""
    return subprocess.run(
        [sys.executable, "-m", "genai_lab", "gateway", "--port", "0", "--state", str(state)],
        cwd=state,
        env={**os.environ, "GENAI_LANGUAGE": "en", **settings},
        capture_output=True,
        text=True,
        timeout=250,  # Ray may start three times
    )


def test_without_ray_the_gateway_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra) as raised:
        command._engine(GatewaySettings(replicas=2))
    for language in LANGUAGES:
        assert "genai-lab[ray]" in raised.value.in_language(language)
