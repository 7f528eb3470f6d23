"""Tests of reading the output of `squeue`, and of sharing it among a whole class."""

import asyncio
import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.spawners.slurm.queue import Queue, QueueUnreadable, parse_squeue

LINES = """\
11|lab|RUNNING|node1|2026-11-20T10:00:00|0.9|None
12|lab|PENDING|n/a|2026-11-20T10:30:00|0.5|Resources
13|lab|PENDING|n/a|N/A|0.5|Priority
14|other|PENDING|n/a|N/A|0.8|Priority
15|lab|PENDING|n/a|N/A|0.7|Priority
16|lab|PENDING|n/a|N/A|0.0|JobHeldAdmin
9_[1-3]|lab|PENDING|n/a|N/A|0.5|Reserved|for maintenance
17|lab|TIMEOUT|node1|2026-11-20T08:00:00|0.9|TimeLimit"""


class FakeSlurm:
    """A fake Slurm that gives one answer and counts how often it was asked."""

    def __init__(self, answer: str = LINES) -> None:
        self.answer = answer
        self.asked = 0

    async def read(self) -> str:
        self.asked += 1
        return self.answer


def test_fields_are_read() -> None:
    jobs = parse_squeue(LINES)
    running, waiting, ended = jobs["11"], jobs["12"], jobs["17"]
    assert (running.running, running.waiting, running.host) == (True, False, "node1")
    assert (waiting.running, waiting.waiting, waiting.start) == (False, True, datetime(2026, 11, 20, 10, 30))
    assert (ended.running, ended.waiting, ended.state) == (False, False, "TIMEOUT")
    assert jobs["13"].start is None
    assert jobs["9_[1-3]"].reason == "Reserved|for maintenance"


def test_the_place_counts_who_goes_first_in_the_same_partition() -> None:
    snapshot = asyncio.run(Queue(FakeSlurm().read, 1).snapshot())
    places = {job: snapshot.position(snapshot.jobs[job]) for job in ("15", "9_[1-3]", "12", "13", "14")}
    assert places == {"15": 1, "9_[1-3]": 2, "12": 3, "13": 4, "14": 1}, (
        "held jobs, of priority 0, stand in nobody's way"
    )


def test_a_class_that_looks_at_once_asks_slurm_once() -> None:
    slurm = FakeSlurm()

    async def look() -> None:
        queue = Queue(slurm.read, pause=60)
        await asyncio.gather(*(queue.snapshot() for _ in range(30)))

    asyncio.run(look())
    assert slurm.asked == 1


def test_who_has_just_submitted_never_gets_an_older_answer() -> None:
    slurm = FakeSlurm()

    async def look() -> None:
        queue = Queue(slurm.read, pause=0.2)
        first = await queue.snapshot()
        submitted = time.monotonic()
        second = await queue.snapshot(submitted)
        assert second.asked_at >= submitted > first.asked_at
        assert second.asked_at - first.asked_at >= 0.2, "and Slurm is still not asked more often"

    asyncio.run(look())
    assert slurm.asked == 2


def test_an_answer_that_is_no_queue_says_nothing_about_any_job() -> None:
    with pytest.raises(QueueUnreadable):
        parse_squeue("slurm_load_jobs error: Unable to contact slurm controller")
    with pytest.raises(QueueUnreadable):
        parse_squeue("11|lab|RUNNING|node1|N/A|high|None")
    assert parse_squeue("") == {}


@given(st.text(max_size=200))
def test_whatever_a_command_prints_it_is_read_or_refused(text: str) -> None:
    try:
        jobs = parse_squeue(text)
    except QueueUnreadable:
        return
    assert len(jobs) <= len(text.splitlines())
