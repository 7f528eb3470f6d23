"""Jobs that another server draws: each ends, whatever happens to the thread that follows it."""

import threading

import pytest

from lab.engine.followed import FollowedJob, UnderWay
from lab.engine.protocol import Cancelled, Failed


def test_a_job_whose_following_breaks_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    def follow(_: FollowedJob) -> None:
        raise ValueError("nobody foresaw this")

    job = UnderWay("server", follow).begin(FollowedJob("a"))
    assert list(job.events()) == [Failed("internal")]
    assert "nobody foresaw this" in caplog.text


def test_closing_cancels_what_is_under_way_and_begins_nothing_more() -> None:
    there = threading.Event()

    def follow(job: FollowedJob) -> None:
        job.stop.wait(60)
        there.set()

    jobs = UnderWay("server", follow)
    one = jobs.begin(FollowedJob("a"))
    jobs.close()
    assert list(one.events()) == [Cancelled()]
    assert there.wait(60)
    assert list(jobs.begin(FollowedJob("b")).events()) == [Failed("closed")]


def test_a_stopped_job_has_ended_at_once_and_stays_so() -> None:
    job = FollowedJob("a")
    job.cancel()
    job.report(Failed("late"))
    assert job.latest == Cancelled()
