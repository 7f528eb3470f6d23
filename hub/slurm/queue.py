"""What Slurm says about jobs: one `squeue` for the whole class, and not more often than every few seconds.

A cluster's controller answers everybody; thirty labs that each ask it twice a second would be felt.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

# the reason stands last: it is the only field whose text is not Slurm's own syntax
FORMAT = "%i|%P|%T|%B|%S|%p|%r"
WAITING = {
    "PENDING",
    "CONFIGURING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "SPECIAL_EXIT",
    "RESV_DEL_HOLD",
}
RUNNING = {"RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"}


class QueueUnreadable(Exception):
    """Slurm did not answer, or not in words we know: nothing is known about any job."""


@dataclass(frozen=True)
class Job:
    """A job as `squeue` shows it; `start` is when it began, or is expected to (in the hub's local time)."""

    id: str
    partition: str
    state: str
    host: str
    start: datetime | None
    priority: float
    reason: str

    @property
    def waiting(self) -> bool:
        return self.state in WAITING

    @property
    def running(self) -> bool:
        return self.state in RUNNING

    @property
    def held(self) -> bool:
        return self.waiting and self.priority == 0


@dataclass(frozen=True)
class Snapshot:
    """All jobs of our partitions that Slurm remembers, and when the question was asked (monotonic)."""

    asked: float
    jobs: dict[str, Job]

    def position(self, job: Job) -> int:
        """Its place among those that wait in its partition: 1 is next."""
        mine = (-job.priority, _number(job.id))
        return 1 + sum(
            (-other.priority, _number(other.id)) < mine
            for other in self.jobs.values()
            if other.waiting and other.partition == job.partition
        )


class Queue:
    """The cluster's queue; `read` gives `squeue`'s output (FORMAT, no header) or raises QueueUnreadable."""

    def __init__(self, read: Callable[[], Awaitable[str]], pause: float) -> None:
        self._read = read
        self._pause = pause
        self._lock = asyncio.Lock()
        self._last: Snapshot | None = None

    async def look(self, since: float = 0) -> Snapshot:
        """The jobs, as asked at or after `since` (monotonic) and not longer ago than the pause.

        Raises QueueUnreadable.
        """
        async with self._lock:
            now = time.monotonic()
            if self._last is None or self._last.asked < max(since, now - self._pause):
                wait = self._pause - (now - self._last.asked) if self._last is not None else 0
                await asyncio.sleep(max(0.0, wait))
                asked = time.monotonic()
                self._last = Snapshot(asked, parse(await self._read()))
            return self._last


def parse(text: str) -> dict[str, Job]:
    """Jobs by id out of `squeue`'s lines. Raises QueueUnreadable for a line that is none."""
    jobs = {}
    for line in text.splitlines():
        fields = line.split("|", 6)
        if len(fields) != 7:
            raise QueueUnreadable(f"squeue said {line[:200]!r}")
        job_id, partition, state, host, start, priority, reason = fields
        jobs[job_id] = Job(job_id, partition, state, host, _time(start), _real(priority), reason)
    return jobs


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None  # N/A: not known


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise QueueUnreadable(f"a priority of {text[:100]!r}") from error


def _number(job_id: str) -> int:
    """`12` of `12`, and of `12_[1-3]`: ids grow with time."""
    return int("".join(character for character in job_id.split("_")[0] if character.isdecimal()) or 0)
