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
from typing import TypeVar
from uuid import uuid4

from PIL import Image

from exercises.errors import UserError
from lab.engine.protocol import Cancelled, Failed, Restarted, Smaller, Step
from lab.jobs.lost import Lost, noted, take_lost
from lab.jobs.protocol import StoppableJob, Stored

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Task:
    """One thing to do: `start` begins it when its turn has come; `keep` is told what was stored.

    `together`: it may be under way at once with its neighbours of which that is true as well. `all_ended` is
    called once all that it was started with have ended, begun or not.
    """

    run_id: str
    start: Callable[[], StoppableJob]
    keep: Callable[[Stored], None] = lambda _: None
    together: bool = False
    all_ended: Callable[[], None] = lambda: None


@dataclass
class Running:
    """Tasks of one exercise, done in their order. Written by its own threads, read by pages.

    `event` is the latest of what is under way (of several that are drawn at once, the steps of all), and
    after the end how it ended: `Stored`, `Failed`, `Cancelled`, or the `UserError` that ended a task.
    `under_way` are the tasks that were begun and have not ended. `changes` counts what a page may want to
    show anew. `restarted` are the runs that were lost with what drew them, and begun again. `preview` is the
    latest one of the first task under way.
    """

    exercise_id: str
    tasks: Sequence[Task]
    at_once: int | None = None  # the most that are under way together
    id: str = field(default_factory=lambda: uuid4().hex)
    event: object = None
    under_way: tuple[Task, ...] = ()
    stored: list[Stored] = field(default_factory=list)
    finished: bool = False
    changes: int = 0
    began: float = field(default_factory=time.time)  # seconds since the epoch, as `ended`
    ended: float | None = None
    restarted: set[str] = field(default_factory=set)
    smaller: dict[str, Smaller] = field(default_factory=dict)  # by run, of what memory did not do for
    notes: Path | None = None  # the folder in which it is noted that this is under way
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _jobs: list[StoppableJob] = field(default_factory=list)
    _steps: dict[str, Step] = field(default_factory=dict)  # by run, of the tasks of one group
    _previews: dict[str, Image.Image] = field(default_factory=dict)
    _wrong: object = None  # the first end of a task that was not what it should be

    def stop(self) -> None:
        """Stop what is under way and drop what comes after it; may be called more than once."""
        self._stop.set()
        self.changes += 1
        with self._lock:
            jobs = list(self._jobs)
        for job in jobs:
            job.cancel()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop; it may have ended since."""
        return self._stop.is_set()

    @property
    def seconds_left(self) -> float | None:
        """An estimate of when all will be done, by what is; None before the first is."""
        done = len(self.stored)
        return (time.time() - self.began) / done * (len(self.tasks) - done) if done else None

    @property
    def preview(self) -> Image.Image | None:
        under_way = [task.run_id for task in self.under_way]
        with self._lock:
            return next(
                (self._previews[run] for run in (*under_way, *self._previews) if run in self._previews), None
            )

    def work(self) -> None:
        """Do all tasks; the first that fails, or a stop, ends them once what is under way has ended."""
        try:
            for group in _groups(self.tasks, self.at_once):
                if self._stop.is_set():
                    self._tell(Cancelled())
                    break
                if not self._do(group):
                    break
        finally:
            for task in self.tasks:
                task.all_ended()
            self.ended = time.time()
            self.finished = True
            self.changes += 1

    def _do(self, group: Sequence[Task]) -> bool:
        """Whether all of the group's tasks are on disk."""
        self._steps, self._previews, self.under_way = {}, {}, tuple(group)
        threads = [
            threading.Thread(target=self._follow, args=(task, job), name=f"run-{task.run_id}", daemon=True)
            for task, job in self._begun(group)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._wrong is None:
            return True
        self._tell(self._wrong)
        return False

    def _begun(self, group: Sequence[Task]) -> list[tuple[Task, StoppableJob]]:
        """The group's jobs, begun in their order; none after one that cannot be."""
        begun = []
        for task in group:
            job = self._attempt(task, task.start)
            if job is None:
                break
            with self._lock:
                self._jobs.append(job)
            if self._stop.is_set():  # asked for while it was being submitted
                job.cancel()
            begun.append((task, job))
        return begun

    def _follow(self, task: Task, job: StoppableJob) -> None:
        """Pass on the job's events until it has ended; what it stored is kept at once."""
        with noted(self.notes, f"{self.id}-{task.run_id}", self.exercise_id, task.run_id):
            last = self._attempt(task, lambda: self._events(task, job))
        if last is not None and not isinstance(last, Stored):
            self._wrong = self._wrong or last
        with self._lock:
            self._jobs = [each for each in self._jobs if each is not job]
        self.under_way = tuple(each for each in self.under_way if each is not task)
        self.changes += 1

    def _events(self, task: Task, job: StoppableJob) -> object:
        """Pass on the job's events; the last of them."""
        event: object = Failed("internal")  # a job without any is a bug
        for event in job.events():
            if isinstance(event, Stored):
                task.keep(event)
                event = event.remembered()
                with self._lock:
                    self.stored.append(event)
            if isinstance(event, Restarted):
                self.restarted.add(task.run_id)
            if isinstance(event, Smaller):
                self.smaller[task.run_id] = event
            if isinstance(event, Step):
                with self._lock:
                    self._steps[task.run_id] = event
                    if event.preview is not None:
                        self._previews[task.run_id] = event.preview
                    self.event = _sum(list(self._steps.values()))
                self.changes += 1
            else:
                self._tell(event)
        return event

    def _attempt(self, task: Task, do: Callable[[], T]) -> T | None:
        """What `do` gives; None if it failed, which is then how the tasks ended."""
        try:
            return do()
        except UserError as error:
            self._wrong = self._wrong or error
        except Exception:
            log.exception("The run %s of %s failed", task.run_id, self.exercise_id)
            self._wrong = self._wrong or Failed("internal")
        return None

    def _tell(self, event: object) -> None:
        self.event = event
        self.changes += 1


def _groups(tasks: Sequence[Task], most: int | None) -> list[Sequence[Task]]:
    """Neighbours that may be done together, up to `most` of them, and the others one by one."""
    found: list[list[Task]] = []
    for task in tasks:
        full = not found or (most is not None and len(found[-1]) >= most)
        if not full and task.together and found[-1][-1].together:
            found[-1].append(task)
        else:
            found.append([task])
    return list(found)


def _sum(steps: Sequence[Step]) -> Step:
    """The steps of all that are drawn at once, as one."""
    if len(steps) == 1:
        return steps[0]
    return Step(
        step=sum(each.step for each in steps),
        steps=sum(each.steps for each in steps),
        seconds=max(each.seconds for each in steps),
        remaining=max(each.remaining for each in steps),
    )


def _lost(all_lost: Sequence[Lost]) -> list[Running]:
    """How the runs ended that a killed lab was making, those of one exercise as one."""
    by_exercise: dict[str, list[Lost]] = {}
    for lost in all_lost:
        by_exercise.setdefault(lost.exercise_id, []).append(lost)
    return [
        Running(
            exercise_id,
            (),
            event=Failed("lost", {"run": ", ".join(sorted(each.run_id for each in lost))}),
            finished=True,
            ended=max(each.begun for each in lost),
        )
        for exercise_id, lost in by_exercise.items()
    ]


class Runs:
    """The generations of this process, oldest first; a finished one stays until its exercise's next."""

    def __init__(self, notes: Path | None = None) -> None:
        """`notes`: where it is noted what is under way, and found what a killed lab was making."""
        self._lock = threading.Lock()
        self._notes = notes
        self._all = _lost(take_lost(notes)) if notes else []

    def start(self, exercise_id: str, tasks: Sequence[Task], at_once: int | None = None) -> Running:
        """Begin in a thread of its own; never blocks."""
        running = Running(exercise_id, tasks, at_once, notes=self._notes)
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
