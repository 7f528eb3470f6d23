"""The cluster's queue: one reading by `squeue` for the whole class, at most once every few seconds.

A cluster's controller serves everybody. Thirty labs that each asked it twice a second would be a load.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

# The reason comes last, because it is the only field that may contain a separator.
SQUEUE_FORMAT = "%i|%P|%T|%B|%S|%p|%r"
WAITING_STATES = {
    "PENDING",
    "CONFIGURING",
    "REQUEUED",
    "REQUEUE_FED",
    "REQUEUE_HOLD",
    "SPECIAL_EXIT",
    "RESV_DEL_HOLD",
}
RUNNING_STATES = {"RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"}


class QueueUnreadable(Exception):
    """Slurm did not answer, or its answer could not be parsed: nothing is known about any job."""


@dataclass(frozen=True)
class Job:
    """A job as `squeue` shows it. `start` is its actual or expected start, in the hub's local time."""

    id: str
    partition: str
    state: str
    host: str
    start: datetime | None
    priority: float
    reason: str

    @property
    def waiting(self) -> bool:
        return self.state in WAITING_STATES

    @property
    def running(self) -> bool:
        return self.state in RUNNING_STATES

    @property
    def ended(self) -> bool:
        return not (self.waiting or self.running)

    @property
    def held(self) -> bool:
        return self.waiting and self.priority == 0


@dataclass(frozen=True)
class Snapshot:
    """All jobs of our partitions that Slurm remembers, and when it was asked (monotonic clock)."""

    asked_at: float
    jobs: dict[str, Job]

    def position(self, job: Job) -> int:
        """Return the job's place among the waiting jobs of its partition, where 1 is next."""
        own = (-job.priority, _sequence_number(job.id))
        return 1 + sum(
            (-other.priority, _sequence_number(other.id)) < own
            for other in self.jobs.values()
            if other.waiting and other.partition == job.partition
        )


class Queue:
    """Reads the queue for all labs, with a pause of at least `pause` seconds between two readings.

    `read` returns the output of `squeue` (SQUEUE_FORMAT, no header) or raises QueueUnreadable.
    """

    def __init__(self, read: Callable[[], Awaitable[str]], pause: float) -> None:
        self._read = read
        self._pause = pause
        self._lock = asyncio.Lock()
        self._last: Snapshot | None = None

    async def snapshot(self, since: float = 0) -> Snapshot:
        """Return a snapshot taken at or after `since` (monotonic clock) and no older than the pause.

        Raises QueueUnreadable.
        """
        async with self._lock:
            now = time.monotonic()
            if self._last is None or self._last.asked_at < max(since, now - self._pause):
                wait = self._pause - (now - self._last.asked_at) if self._last is not None else 0
                await asyncio.sleep(max(0.0, wait))
                asked_at = time.monotonic()
                self._last = Snapshot(asked_at, parse_squeue(await self._read()))
            return self._last


def parse_squeue(text: str) -> dict[str, Job]:
    """Parse the lines of `squeue` into jobs by id. Raises QueueUnreadable for an invalid line."""
    jobs = {}
    for line in text.splitlines():
        fields = line.split("|", 6)
        if len(fields) != 7:
            raise QueueUnreadable(f"squeue said {line[:200]!r}")
        job_id, partition, state, host, start, priority, reason = fields
        jobs[job_id] = Job(
            job_id, partition, state, host, _parse_start(start), _parse_priority(priority), reason
        )
    return jobs


def _parse_start(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None  # squeue shows N/A if Slurm does not know the start


def _parse_priority(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise QueueUnreadable(f"a priority of {text[:100]!r}") from error


def _sequence_number(job_id: str) -> int:
    """Return 12 for `12` and for `12_[1-3]`. Later jobs have larger numbers."""
    return int("".join(character for character in job_id.split("_")[0] if character.isdecimal()) or 0)
