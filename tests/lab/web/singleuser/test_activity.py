"""What the Hub is told of activity: work and only work, not too often, and never at the lab's cost."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import httpx2
import pytest

from lab.jobs.running import Runs, Task
from lab.web.singleuser.activity import Activity
from lab.web.singleuser.settings import HubServerSettings
from tests.lab.web.singleuser.conftest import FakeHub
from tests.lab.web.singleuser.test_gate import until

Make = Callable[..., HubServerSettings]


@pytest.fixture
def start(hub_settings: Make) -> Iterator[Callable[..., Activity]]:
    started: list[Activity] = []

    def make(runs: Runs, **changes: object) -> Activity:
        activity = Activity(hub_settings(**changes), runs.last_at_work)
        started.append(activity)
        activity.start()
        return activity

    yield make
    for activity in started:
        activity.close()


def stamps(hub: FakeHub) -> list[float]:
    return [datetime.fromisoformat(said["last_activity"]).timestamp() for said in hub.activity]


def working(until_set: threading.Event) -> Task:
    """A task that is under way until the event, and makes no picture."""

    def begin() -> None:
        until_set.wait(60)
        raise RuntimeError("the end")

    return Task("run", begin)  # type: ignore[arg-type]


def test_where_nobody_works_the_start_is_told_and_nothing_after_it(
    start: Callable[..., Activity], fake_hub: FakeHub
) -> None:
    idle = start(Runs(), activity_interval=0.05, server_name="idle")
    until(lambda: fake_hub.activity)
    busy = start(Runs(), activity_interval=0.05, server_name="busy")
    for _ in range(5):  # reports of the other one, as much time for this one
        seen = len(fake_hub.activity)
        busy.interaction()
        until(lambda seen=seen: len(fake_hub.activity) > seen)  # type: ignore[misc]
    told = [name for said in fake_hub.activity for name in said["servers"]]
    assert told.count("idle") == 1
    assert told.count("busy") >= 5
    assert not idle.tell()


def test_the_start_is_told_at_once_as_the_lab_may_have_waited_long_for_its_place(
    start: Callable[..., Activity], fake_hub: FakeHub
) -> None:
    start(Runs(), activity_interval=3600)
    until(lambda: fake_hub.activity)


def test_what_a_person_does_is_told_once_with_its_time(hub_settings: Make, fake_hub: FakeHub) -> None:
    activity = Activity(hub_settings(), Runs().last_at_work)
    activity.tell()
    before = time.time()
    activity.interaction()
    assert activity.tell()
    assert not activity.tell()
    _, said = fake_hub.activity
    assert before - 0.001 <= stamps(fake_hub)[1] <= time.time()
    assert said["servers"] == {"": {"last_activity": said["last_activity"]}}  # the default server has no name


def test_a_generation_is_told_again_and_again_and_once_when_it_ends(
    start: Callable[..., Activity], fake_hub: FakeHub, caplog: pytest.LogCaptureFixture
) -> None:
    runs, end = Runs(), threading.Event()
    running = runs.start("baseline", [working(end)])
    activity = start(runs, activity_interval=0.05)
    until(lambda: len(fake_hub.activity) >= 3)
    end.set()
    until(lambda: running.ended is not None)
    until(
        lambda: stamps(fake_hub)[-1] >= (running.ended or 0) - 0.001
    )  # to the microsecond it was written with
    assert stamps(fake_hub) == sorted(stamps(fake_hub))
    until(lambda: not activity.tell())


def test_reports_keep_their_distance(hub_settings: Make) -> None:
    activity = Activity(hub_settings(activity_interval=60), Runs().last_at_work)
    pauses = {activity._pause(0) for _ in range(200)}
    assert min(pauses) >= 54
    assert max(pauses) <= 66
    assert len(pauses) > 100  # labs that started together do not report together
    later = [activity._pause(failures) / 60 for failures in (1, 2, 9)]
    assert later[0] < 2.3 < 3.5 < later[1] < 4.5 <= later[2] <= 5.5  # twice, four times, at most five minutes


@pytest.mark.parametrize("status", [403, 500])
def test_a_hub_that_does_not_answer_is_told_later_and_the_log_says_it_once(
    start: Callable[..., Activity], fake_hub: FakeHub, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    fake_hub.status = status
    activity = start(Runs(), activity_interval=0.01)
    activity.interaction()
    until(lambda: "could not be told" in caplog.text)
    with pytest.raises(httpx2.HTTPError):
        activity.tell()
    fake_hub.status = None
    until(lambda: fake_hub.activity)
    assert caplog.text.count("could not be told") == 1
    assert "the-servers-own" not in caplog.text


def test_without_an_address_nobody_is_told(start: Callable[..., Activity], fake_hub: FakeHub) -> None:
    threads = threading.active_count()
    start(Runs(), activity_url="")
    assert threading.active_count() <= threads


def test_runs_know_when_they_were_last_at_work() -> None:
    runs, end = Runs(), threading.Event()
    assert runs.last_at_work() is None
    running = runs.start("baseline", [working(end)])
    first = runs.last_at_work()
    assert first is not None
    assert abs(first - time.time()) < 60
    end.set()
    until(lambda: running.ended is not None)
    assert runs.last_at_work() == running.ended
