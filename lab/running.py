"""Generations that are under way, kept apart from any page: a page only watches.

A run goes on in a thread of its own when its page is reloaded or closed; whoever opens the lab
next finds it here. What it made is on disk; only what is going on now, and how the last one of
each exercise ended, is kept here.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lab.engine.protocol import Cancelled, Event, Failed
from lab.generate import Generation, Saved

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One picture to make: `start` submits it when its turn has come."""

    run_id: str
    start: Callable[[], Generation]


@dataclass
class Running:
    """Tasks of one exercise, done one after the other. Read by pages, written by its own thread."""

    exercise_id: str
    tasks: Sequence[Task]
    index: int = 0
    event: Event | Saved | None = None
    saved: list[Saved] = field(default_factory=list)
    finished: bool = False
    notes: tuple[str, ...] = ()
    _stop: threading.Event = field(default_factory=threading.Event)
    _generation: Generation | None = None

    @property
    def task(self) -> Task:
        return self.tasks[self.index]

    def stop(self) -> None:
        """Stop the generation under way and drop those after it; may be called more than once."""
        self._stop.set()
        generation = self._generation
        if generation is not None:
            generation.cancel()

    def work(self) -> None:
        """Do all tasks; the first failure or a stop ends them."""
        try:
            for index, task in enumerate(self.tasks):
                self.index = index
                if self._stop.is_set() or not self._do(task):
                    break
        except Exception:
            log.exception("a generation of %s failed", self.exercise_id)
            self.event = Failed("internal", "")
        finally:
            if self._stop.is_set() and not isinstance(self.event, Saved):
                self.event = Cancelled()
            self.finished = True

    def _do(self, task: Task) -> bool:
        self.event = None
        generation = self._generation = task.start()
        if self._stop.is_set():  # asked for between the check above and the submission
            generation.cancel()
        for event in generation.events():
            self.event = event
            if isinstance(event, Saved):
                self.saved.append(event)
        return isinstance(self.event, Saved)


class Runs:
    """The generations of this process, newest last; a finished one is kept until the next of its exercise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Running] = []

    def start(self, exercise_id: str, tasks: Sequence[Task]) -> Running:
        """Begin in a thread of its own; never blocks."""
        running = Running(exercise_id, tasks)
        with self._lock:
            self._all = [r for r in self._all if not (r.finished and r.exercise_id == exercise_id)]
            self._all.append(running)
        threading.Thread(target=running.work, name=f"runs-{exercise_id}", daemon=True).start()
        return running

    def of(self, exercise_id: str) -> list[Running]:
        """Those of one exercise, oldest first."""
        with self._lock:
            return [r for r in self._all if r.exercise_id == exercise_id]

    def active(self) -> list[Running]:
        with self._lock:
            return [r for r in self._all if not r.finished]
