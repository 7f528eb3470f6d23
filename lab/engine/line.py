"""The line before an engine: requests wait in fair turn, and are drawn in a thread each once there is room.

Rule: whoever asks never waits for it; jobs begin in fair turn of the students who ask (`fair_queue.py`), each
student's in their order. Those of a batch stand in a line of their own, which is served while nobody waits
whose turn it is, and has a quarter of the places. Where a job is drawn, and whether there is room for it, its
engine says: this process (`local.py`), or replicas on several cards and machines (the gateway's).
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from lab.engine.events import EventLog
from lab.engine.fair_queue import FairQueue, LineFull, cost_of_step, steps_of
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.pace import Ahead
from lab.engine.protocol import Cancelled, Event, Failed, Queued, Restarted, Step
from manifests.manifest import Request

log = logging.getLogger(__name__)


class LineJob(EventLog):
    """A request on its way."""

    def __init__(
        self,
        request: Request,
        model: str,
        inputs: Inputs,
        film: int,
        on_stop: Callable[["LineJob"], None],
        student: str = "",
        first: bool = False,
        background: bool = False,
    ) -> None:
        super().__init__()
        self.id = uuid4().hex
        self.student, self.first, self.background = student, first, background
        self.request = request
        self.model = model
        self.inputs = inputs
        self.film = film
        self.restarts = 0  # how often what drew it was lost
        self._stop = threading.Event()
        self._stopped = on_stop

    def cancel(self) -> None:
        """Stop within one step, or before starting; from any thread, any number of times."""
        self._stop.set()
        self._stopped(self)

    def stop_asked(self) -> bool:
        return self._stop.is_set()

    @property
    def ahead(self) -> Ahead:
        """What of it is still to do."""
        last = self.latest
        left = last.steps - last.step if isinstance(last, Step) else steps_of(self.request)
        return Ahead(left, cost_of_step(self.request))

    def tell_place(self, now: Queued) -> None:
        """Report its place, unless that would be nothing new."""
        last = self.latest
        if not (isinstance(last, Queued) and _much_the_same(last, now)):
            self.report(now)


def _much_the_same(one: Queued, other: Queued) -> bool:
    if one.remaining is None or other.remaining is None:
        return one == other
    return one.position == other.position and abs(one.remaining - other.remaining) < 0.1 * one.remaining


@dataclass(frozen=True)
class ReplicaState:
    """One of the places where an engine draws, as an instructor sees it. `lost`: how often it was."""

    name: str
    up: bool
    where: str
    model: str
    running: int
    most: int
    lost: int


class LineEngine(ABC):
    """An engine with a line of its own. Whoever makes one calls `_start` once it is ready."""

    def __init__(self) -> None:
        self._line: FairQueue[LineJob] = FairQueue()
        self._background: FairQueue[LineJob] = FairQueue()
        self._next: LineJob | None = None  # its turn has come, and it waits until there is room
        self._running: list[LineJob] = []
        self._changed = threading.Condition()
        self._closed = False
        self._paused = False
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)

    @property
    @abstractmethod
    def most(self) -> int:
        """How many are drawn at once."""

    @abstractmethod
    def _take_place(self, job: LineJob) -> bool:
        """Whether there is room for the job, which it has from now on. The lock is held."""

    @abstractmethod
    def _give_back(self, job: LineJob) -> None:
        """The job has left its place. The lock is held."""

    @abstractmethod
    def _run(self, job: LineJob) -> Event | None:
        """Draw it, and say how it ended; None: what drew it was lost, and it has to begin again."""

    @abstractmethod
    def _ends(self, waiting: Sequence[LineJob]) -> Sequence[float | None]:
        """When each of those who wait will be done, in seconds; None where nobody knows. The lock is held."""

    @abstractmethod
    def _stop_running(self, job: LineJob) -> None:
        """See to it that the job, which may be drawn now, stops. The lock is held."""

    @abstractmethod
    def _end(self) -> None:
        """Nothing waits or runs any more, and nothing will."""

    def replicas(self) -> Sequence[ReplicaState]:
        """Where it is drawn, if not in this process."""
        return ()

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
        student: str = "",
        first: bool = False,
    ) -> LineJob:
        """Queue a request. A bad one fails as a job; nothing is raised.

        `background`: one of a batch, for which nobody waits. `student`: whose turn it takes. `first`: before
        all who wait, as what an instructor shows to a class.
        """
        job = LineJob(
            request, model, inputs, film, self._leave, student, first and not background, background
        )
        with self._changed:
            if self._closed:
                job.report(Failed("closed"))
                return job
            line = self._background if background else self._line
            try:
                line.put(job, student, job.ahead.steps * job.ahead.work, first=job.first)
            except LineFull:
                job.report(Failed("line_full", {"most": line.most}))
                return job
            self._tell_positions()
            self._changed.notify_all()
        return job

    def waiting(self) -> list[LineJob]:
        """Who waits, in the order in which they would be served if nobody else came."""
        with self._changed:
            return self._in_line()

    def running(self) -> list[LineJob]:
        """Who is drawn now."""
        with self._changed:
            return list(self._running)

    @property
    def paused(self) -> bool:
        return self._paused

    def pause(self, paused: bool = True) -> None:
        """Begin nothing more until told otherwise; what is drawn now goes on."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel what runs and waits, release the model, end the worker."""
        with self._changed:
            self._closed = True
            jobs = [*self._in_line(), *self._running]
            self._changed.notify_all()
        for job in jobs:
            job.cancel()
        self._worker.join(timeout=30)

    def _start(self) -> None:
        self._worker.start()

    def _work(self) -> None:
        """Begin each job when there is room for it."""
        while (job := self._wait_for_next()) is not None:
            threading.Thread(target=self._draw, args=(job,), name="engine-picture", daemon=True).start()
        self._end()

    def _wait_for_next(self) -> LineJob | None:
        """Wait for a job that may begin; None once the engine is closed and nothing waits or runs."""
        with self._changed:
            while True:
                self._choose_next()
                if self._next is not None and not self._paused and self._take_place(self._next):
                    job, self._next = self._next, None
                    self._running.append(job)
                    self._tell_positions()
                    return job
                if self._closed and not (self._in_line() or self._running):
                    return None
                self._changed.wait()

    def _choose_next(self) -> None:
        """Whose turn it is; one of a batch that waits for room lets whoever comes go before it."""
        if self._next is not None and self._next.background and len(self._line):
            self._background.put(self._next, self._next.student, 0, first=True)
            self._next = None
        if self._next is None:
            self._next = self._line.take(self._may_begin)
        if self._next is None:
            self._next = self._background.take(self._may_begin_in_background)

    def _may_begin_in_background(self, student: str) -> bool:
        """Whether one more of anybody's batch may be drawn beside what is."""
        return sum(job.background for job in self._running) < max(1, self.most // 4)

    def _may_begin(self, student: str) -> bool:
        """Whether one more of this student's may be drawn beside those that are.

        The places are shared by all who draw or wait; a student of whom nothing is drawn need not wait for
        a place that the others took while they were fewer.
        """
        drawn = Counter(job.student for job in self._running if not job.background)
        if not drawn[student]:
            return len(drawn) < self.most
        share = self.most // len(drawn.keys() | self._line.students())
        return drawn.total() < self.most and drawn[student] < max(1, share)

    def _in_line(self) -> list[LineJob]:
        return [*([self._next] if self._next else []), *self._line, *self._background]

    def _leave(self, job: LineJob) -> None:
        """A stopped job that still waits ends at once; one that runs ends at its next step."""
        with self._changed:
            if job is self._next:
                self._next = None
            elif not (self._line.remove(job) or self._background.remove(job)):
                self._stop_running(job)
                return
            job.report(Cancelled())
            self._tell_positions()
            self._changed.notify_all()

    def _tell_positions(self) -> None:
        """Tell those who wait their place and when they will be done."""
        waiting = self._in_line()
        for position, (job, end) in enumerate(zip(waiting, self._ends(waiting), strict=True), start=1):
            job.tell_place(Queued(position, end))

    def _draw(self, job: LineJob) -> None:
        """All of a job that runs, in a thread of its own; one that has to begin again goes first."""
        try:
            last = self._run(job)
        except Exception:
            log.exception("The job %s failed", job.id)
            last = Failed("internal")
        with self._changed:
            self._running.remove(job)
            self._give_back(job)
            if last is None and job.stop_asked():
                last = Cancelled()
            if last is None:
                job.restarts += 1
                job.report(Restarted())
                line = self._background if job.background else self._line
                line.put(job, job.student, 0, first=True)
                self._tell_positions()
            self._changed.notify_all()
        if last is not None:
            job.report(last)
