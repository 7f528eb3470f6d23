"""The engine of this process: one queue, one model in memory at a time, a thread for each picture.

Pictures of one model are drawn together where the model can do that (`together.py`), else one after the
other; they begin in fair turn of the students who ask (`fair_queue.py`), each student's in their order. Only
these threads import torch, so whoever submits never waits for it. A failed run leaves the others as they
were; after running out of memory the model is dropped as soon as nothing is drawn, and read again when next
asked.
"""

import gc
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import uuid4

from lab.engine.denoise import Stopped, make_picture
from lab.engine.events import EventLog
from lab.engine.failures import EngineFailure, is_out_of_memory
from lab.engine.fair_queue import FairQueue, LineFull, cost_of_step, steps_of
from lab.engine.pace import Ahead, foreseen
from lab.engine.pipelines import LoadedModel, load_model
from lab.engine.protocol import Cancelled, Done, Event, Failed, Loading, Queued, Step
from lab.engine.requests import check_request
from lab.engine.sources import open_source
from lab.models.registry import MODELS
from manifests.manifest import Request

log = logging.getLogger(__name__)


class LocalJob(EventLog):
    """A request on its way."""

    def __init__(
        self,
        request: Request,
        model: str,
        source: bytes | None,
        film: int,
        on_stop: Callable[["LocalJob"], None],
        student: str = "",
        first: bool = False,
    ) -> None:
        super().__init__()
        self.id = uuid4().hex
        self.student, self.first = student, first
        self.request = request
        self.model = model
        self.source = source
        self.film = film
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


class LocalEngine:
    """Diffusers in this process, behind the engine's protocol."""

    def __init__(self) -> None:
        self._line: FairQueue[LocalJob] = FairQueue()
        self._next: LocalJob | None = None  # its turn has come, and it waits for the others' model to be done
        self._running: list[LocalJob] = []
        self._changed = threading.Condition()
        self._closed = False
        self._paused = False
        self._loaded: LoadedModel | None = None
        self._spoilt = False  # memory ran out: the model goes as soon as nothing is drawn
        self._worker = threading.Thread(target=self._work, name="engine", daemon=True)
        self._worker.start()

    def submit(
        self,
        request: Request,
        *,
        model: str,
        source: bytes | None = None,
        film: int = 0,
        student: str = "",
        first: bool = False,
    ) -> LocalJob:
        """Queue a request. A bad one fails as a job; nothing is raised.

        `student`: whose turn it takes. `first`: before all who wait, as what an instructor shows to a class.
        """
        job = LocalJob(request, model, source, film, self._leave, student, first)
        with self._changed:
            if self._closed:
                job.report(Failed("closed"))
                return job
            try:
                self._line.put(job, student, job.ahead.steps * job.ahead.work, first=first)
            except LineFull:
                job.report(Failed("line_full", {"most": self._line.most}))
                return job
            self._tell_positions()
            self._changed.notify_all()
        return job

    def waiting(self) -> list[LocalJob]:
        """Who waits, in the order in which they would be served if nobody else came."""
        with self._changed:
            return self._in_line()

    def running(self) -> list[LocalJob]:
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

    @property
    def most(self) -> int:
        """How many are drawn at once."""
        loaded = self._loaded
        return loaded.meeting.most if loaded and loaded.meeting else 1

    def close(self) -> None:
        """Cancel what runs and waits, release the model, end the worker."""
        with self._changed:
            self._closed = True
            jobs = [*self._in_line(), *self._running]
            self._changed.notify_all()
        for job in jobs:
            job.cancel()
        self._worker.join(timeout=30)

    def _work(self) -> None:
        """Begin each job when there is room for it; the last to go releases the model."""
        while (job := self._wait_for_next()) is not None:
            threading.Thread(target=self._draw, args=(job,), name="engine-picture", daemon=True).start()
        self._unload()

    def _wait_for_next(self) -> LocalJob | None:
        """Wait for a job that may begin; None once the engine is closed and nothing waits or runs."""
        with self._changed:
            while True:
                if self._next is None:
                    self._next = self._line.take(self._may_begin)
                if self._next is not None and not self._paused and self._room_for(self._next):
                    job, self._next = self._next, None
                    self._running.append(job)
                    self._tell_positions()
                    return job
                if self._closed and not (self._next or len(self._line) or self._running):
                    return None
                self._changed.wait()

    def _may_begin(self, student: str) -> bool:
        """Whether one more of this student's may be drawn beside those that are.

        The places are shared by all who draw or wait; a student of whom nothing is drawn need not wait for
        a place that the others took while they were fewer.
        """
        drawn = Counter(job.student for job in self._running)
        if not drawn[student]:
            return len(drawn) < self.most
        share = self.most // len(drawn.keys() | self._line.students())
        return drawn.total() < self.most and drawn[student] < max(1, share)

    def _room_for(self, job: LocalJob) -> bool:
        """Whether the job may begin: alone, or beside others of its model that are drawn together."""
        if not self._running:
            return True
        if job.first and len(self._running) >= self.most:  # it was not asked for its turn
            return False
        loaded = self._loaded
        if self._spoilt or loaded is None or loaded.meeting is None:
            return False
        return loaded.entry.id == job.model

    def _in_line(self) -> list[LocalJob]:
        return [*([self._next] if self._next else []), *self._line]

    def _leave(self, job: LocalJob) -> None:
        """A stopped job that still waits ends at once; one that runs ends at its next step."""
        with self._changed:
            if job is self._next:
                self._next = None
            elif not self._line.remove(job):
                return
            job.report(Cancelled())
            self._tell_positions()
            self._changed.notify_all()

    def _tell_positions(self) -> None:
        """Tell those who wait their place and when they will be done."""
        waiting, loaded = self._in_line(), self._loaded
        ends: Sequence[float | None] = [None] * len(waiting)
        if loaded and loaded.meeting:
            drawn = [job.ahead for job in self._running]
            ends = foreseen(loaded.meeting.pace, drawn, [job.ahead for job in waiting], loaded.meeting.most)
        for position, (job, end) in enumerate(zip(waiting, ends, strict=True), start=1):
            job.tell_place(Queued(position, end))

    def _draw(self, job: LocalJob) -> None:
        """All of a job that runs, in a thread of its own."""
        try:
            last = self._run(job)
        except Exception:
            log.exception("The job %s failed", job.id)
            last = Failed("internal")
        with self._changed:
            self._running.remove(job)
            if self._spoilt and not self._running:
                self._unload()
                self._spoilt = False
            self._changed.notify_all()
        job.report(last)

    def _run(self, job: LocalJob) -> Event:
        """Do the job and say how it ended."""
        try:
            return self._attempt(job)
        except Stopped:
            return Cancelled()
        except EngineFailure as failure:
            return failure.failed
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            self._spoilt = True
            return Failed("out_of_memory", {"model": job.model})

    def _attempt(self, job: LocalJob) -> Event:
        if job.stop_asked():
            raise Stopped
        if job.model not in MODELS:
            raise EngineFailure("unknown_model", model=job.model, models=", ".join(MODELS))
        entry, request = MODELS[job.model], job.request
        check_request(entry, request, job.source)
        source = None
        if request.mode == "img2img" and job.source is not None:
            source = open_source(job.source, request.width, request.height)
        loaded = self._loaded
        if loaded is None or loaded.entry is not entry:  # then this job runs alone
            self._unload()
            job.report(Loading(entry.id))
            loaded = load_model(entry)
            with self._changed:
                self._loaded = loaded
                self._changed.notify_all()
        return Done(make_picture(loaded, request, source, job.film, job.stop_asked, job.report, job.student))

    def _unload(self) -> None:
        if self._loaded is None:
            return
        self._loaded = None
        gc.collect()
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
