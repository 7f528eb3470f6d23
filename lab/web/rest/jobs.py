"""The generations that came by the API, by id: the runs' own while they go on, how they ended afterwards.

`lab.jobs.running` forgets a finished run at the next of its exercise; who was given an id may ask later.
What is kept of an ended one is small: the record's name, or why there is none.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from exercises.errors import UserError
from exercises.i18n import Language
from lab.endpoint.errors import ApiError
from lab.engine.protocol import Cancelled, Done, Failed, Loading, Queued, Restarted, Step, Unreachable
from lab.jobs.generate import PictureSaved
from lab.jobs.running import Running, Runs, Task
from manifests.manifest import Adherence

KEPT = 200  # generations, the oldest are forgotten
AT_ONCE = 8  # under way
BUSY = 5  # seconds after which one may ask again

Stage = Literal["queued", "loading", "running", "saving", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Made:
    """What is kept of a record: its stem, and the judge's opinion of it."""

    stem: str
    adherence: Adherence | None


Outcome = Made | Failed | UserError | Cancelled  # what was recorded, or why nothing was


class Problem(BaseModel):
    code: str
    message: str


class State(BaseModel):
    """Where it is. `position`: 1 is next; `remaining`: an estimate in seconds; `image`: the record's id.

    `adherence`: a machine's opinion on what of the prompt is in the image.
    """

    id: str
    state: Stage
    finished: bool = False
    position: int | None = None
    step: int | None = None
    steps: int | None = None
    remaining: float | None = None
    image: str | None = None
    adherence: Adherence | None = None
    error: Problem | None = None


@dataclass
class _Job:
    id: str
    running: Running | None
    outcome: Outcome | None = None


class Jobs:
    """Safe in threads."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._lock = threading.Lock()
        self._jobs: dict[str, _Job] = {}

    def start(self, exercise_id: str, tasks: Sequence[Task]) -> str:
        """Begin, and give the id. Raises ApiError 429 while too many are under way."""
        with self._lock:
            self._settle()
            under_way = sum(job.running is not None for job in self._jobs.values())
            if under_way >= AT_ONCE:
                raise ApiError(429, "queue_full", headers={"Retry-After": str(BUSY)}, waiting=under_way)
            running = self._runs.start(exercise_id, tasks)
            self._jobs[running.id] = _Job(running.id, running)
            ended = [job.id for job in self._jobs.values() if job.running is None]
            for forgotten in ended[:-KEPT]:
                del self._jobs[forgotten]
        return running.id

    def state(self, job_id: str, language: Language) -> State:
        """Where it is now. Raises ApiError 404."""
        with self._lock:
            self._settle()
            job = self._jobs.get(job_id)
        if job is None:
            raise ApiError(404, "no_generation", param="id")
        return _state(job, language)

    def states(self, language: Language) -> list[State]:
        """All that are remembered, the newest first."""
        with self._lock:
            self._settle()
            jobs = list(self._jobs.values())
        return [_state(job, language) for job in reversed(jobs)]

    def cancel(self, job_id: str) -> None:
        """Stop it within a step; one that has ended stays as it ended. Raises ApiError 404."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None:
            raise ApiError(404, "no_generation", param="id")
        running = job.running
        if running is not None:
            running.stop()

    def _settle(self) -> None:
        """Let go of the runs that have ended: they hold pictures."""
        for job in self._jobs.values():
            if job.running is not None and job.running.finished:
                job.outcome = _outcome(job.running.event)
                job.running = None


def _outcome(event: Any) -> Outcome:
    match event:
        case PictureSaved():
            return Made(event.record.stem, event.record.manifest.adherence)
        case Failed() | UserError() | Cancelled():
            return event
    return Failed("internal")


def _state(job: _Job, language: Language) -> State:
    running = job.running
    if running is None:
        return _ended(job.id, job.outcome, language)
    match running.event:
        case Queued(position=position, remaining=left):
            rounded = None if left is None else round(left, 2)
            return State(id=job.id, state="queued", position=position, remaining=rounded)
        case Unreachable() | Restarted():
            return State(id=job.id, state="queued")
        case Loading():
            return State(id=job.id, state="loading")
        case Step() as step:
            return State(
                id=job.id,
                state="running",
                step=step.step,
                steps=step.steps,
                remaining=round(step.remaining, 2),
            )
        case Done():
            return State(id=job.id, state="saving")
        case None:
            return State(id=job.id, state="queued")
    return _ended(job.id, _outcome(running.event), language)


def _ended(job_id: str, outcome: Outcome | None, language: Language) -> State:
    match outcome:
        case Made(stem, adherence):
            return State(id=job_id, state="done", finished=True, image=stem, adherence=adherence)
        case Cancelled():
            return State(id=job_id, state="cancelled", finished=True)
        case Failed():
            problem = Problem(code=outcome.code, message=outcome.text(language))
        case UserError():
            problem = Problem(code="refused", message=outcome.in_language(language))
        case _:
            raise AssertionError(outcome)
    return State(id=job_id, state="failed", finished=True, error=problem)
