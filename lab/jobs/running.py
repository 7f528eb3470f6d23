"""Jobs under way, kept apart from any page: a page only watches them.

A run goes on in a thread of its own when its page is reloaded or closed; whoever opens the lab
next finds it here. What it made is on disk; only what is going on now, and how the last one of
each exercise ended, is kept here.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from PIL import Image

from exercises.errors import UserError
from lab.engine.protocol import Cancelled, Failed, Step
from lab.jobs.lost import Lost, noted, take_lost
from lab.jobs.protocol import StoppableJob, Stored

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One thing to do: `start` begins it when its turn has come; `keep` is told what was stored."""

    run_id: str
    start: Callable[[], StoppableJob]
    keep: Callable[[Stored], None] = lambda _: None


@dataclass
class Running:
    """Tasks of one exercise, done one after the other. Written by its own thread, read by pages.

    `event` is the latest of the task under way, and after the end how it ended: `Stored`, `Failed`,
    `Cancelled`, or the `UserError` that ended a task. `changes` counts what a page may
    want to show anew. `preview` is the latest one.
    """

    exercise_id: str
    tasks: Sequence[Task]
    id: str = field(default_factory=lambda: uuid4().hex)
    index: int = 0
    event: object = None
    preview: Image.Image | None = None
    stored: list[Stored] = field(default_factory=list)
    finished: bool = False
    changes: int = 0
    ended: float | None = None  # seconds since the epoch
    notes: Path | None = None  # the folder in which it is noted that this is under way
    _stop: threading.Event = field(default_factory=threading.Event)
    _job: StoppableJob | None = None

    def stop(self) -> None:
        """Stop what is under way and drop what comes after it; may be called more than once."""
        self._stop.set()
        job = self._job
        if job is not None:
            job.cancel()

    def work(self) -> None:
        """Do all tasks; the first that fails, or a stop, ends them."""
        try:
            for index, task in enumerate(self.tasks):
                self.index = index
                if self._stop.is_set():
                    self._tell(Cancelled())
                    break
                if not self._do(task):
                    break
        except UserError as error:
            self._tell(error)
        except Exception:
            log.exception("A generation of %s failed", self.exercise_id)
            self._tell(Failed("internal"))
        finally:
            self.ended = time.time()
            self.finished = True
            self.changes += 1

    def _do(self, task: Task) -> bool:
        """Whether what the task was for is on disk."""
        self.preview = None
        with noted(self.notes, self.id, self.exercise_id, task.run_id):
            job = self._job = task.start()
            if self._stop.is_set():  # asked for while the task was being submitted
                job.cancel()
            for event in job.events():
                if isinstance(event, Step) and event.preview is not None:
                    self.preview = event.preview
                if isinstance(event, Stored):
                    task.keep(event)
                    self.stored.append(event)
                self._tell(event)
        return isinstance(self.event, Stored)

    def _tell(self, event: object) -> None:
        self.event = event
        self.changes += 1


def _lost(lost: Lost) -> Running:
    """How a run ended that a killed lab was making."""
    failed = Failed("lost", {"run": lost.run_id})
    return Running(lost.exercise_id, (), event=failed, finished=True, ended=lost.begun)


class Runs:
    """The generations of this process, oldest first; a finished one stays until its exercise's next."""

    def __init__(self, notes: Path | None = None) -> None:
        """`notes`: where it is noted what is under way, and found what a killed lab was making."""
        self._lock = threading.Lock()
        self._notes = notes
        self._all = [_lost(each) for each in take_lost(notes)] if notes else []

    def start(self, exercise_id: str, tasks: Sequence[Task]) -> Running:
        """Begin in a thread of its own; never blocks."""
        running = Running(exercise_id, tasks, notes=self._notes)
        with self._lock:
            self._all = [r for r in self._all if not (r.finished and r.exercise_id == exercise_id)]
            self._all.append(running)
        threading.Thread(target=running.work, name=f"run-{exercise_id}", daemon=True).start()
        return running

    def of(self, exercise_id: str) -> list[Running]:
        """Those of one exercise."""
        with self._lock:
            return [running for running in self._all if running.exercise_id == exercise_id]

    def find(self, running_id: str | None) -> Running | None:
        with self._lock:
            return next((running for running in self._all if running.id == running_id), None)

    def under_way(self) -> int:
        """How many have not ended yet."""
        with self._lock:
            return sum(not running.finished for running in self._all)

    def last_at_work(self) -> float | None:
        """When a generation was last under way, in seconds since the epoch: now, while one is."""
        with self._lock:
            ends = [time.time() if running.ended is None else running.ended for running in self._all]
        return max(ends, default=None)

    def stop(self) -> None:
        """Stop all of them."""
        with self._lock:
            everything = list(self._all)
        for running in everything:
            running.stop()
