"""The engine behind a server with A1111's API: it sends a request, looks how far it is, takes the picture.

Rule: one picture at a time, since such a server draws one at a time and names nobody's place in its queue.
Whatever becomes of a picture here (stopped, timed out), it is interrupted there only where it is certain to
be ours; where that API cannot tell, or cannot interrupt, the server ends it, and the next one waits so long.
"""

import contextlib
import logging
import threading
import time
from typing import Any
from uuid import uuid4

from exercises.parameters import FROM_SOURCE
from lab.engine.a1111.answers import Told, picture_of, refused
from lab.engine.a1111.asking import Asking, asking
from lab.engine.a1111.progress import Look, Turn
from lab.engine.denoise import versions
from lab.engine.elsewhere import short
from lab.engine.failures import EngineFailure
from lab.engine.followed import FollowedJob
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.protocol import Done, Failed, Loading, Picture, Queued, Step
from lab.models.a1111.server import Server, configured_server
from lab.models.http import Connection, NoAnswer, NotJson, Refusal, TooLarge, TooSlow
from manifests.draft import Drawn
from manifests.manifest import Model, Request, Versions
from manifests.service import A1111Service

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between two looks at how far it is
WAITS = 900.0  # seconds that others may be before us in the server's queue
ENDS = 120.0  # seconds in which the server may end what was stopped here, before the next one is sent
MOST_ANSWER = 64 * 2**20  # bytes: a picture in base64, and the request once more


class A1111Job(FollowedJob):
    """A request that such a server draws; `background`: nobody waits for it."""

    def __init__(self, request: Request, model: str, inputs: Inputs, background: bool) -> None:
        super().__init__(str(uuid4()))
        self.request, self.model, self.background = request, model, background
        self.inputs = inputs


class A1111Engine:
    """A server behind the engine's protocol; `server` is that of the settings where none is given."""

    def __init__(self, server: Server | None = None) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._waiting: list[A1111Job] = []
        self._drawing: A1111Job | None = None
        self._works = False
        self._closed = False

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> A1111Job:
        """Ask the server, when those before are done. A bad request fails as a job; nothing is raised.

        There is no film.
        """
        job = A1111Job(request, model, inputs, background)
        with self._lock:
            if self._closed:
                job.report(Failed("closed"))
                return job
            self._waiting.append(job)
            self._tell_places()
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="a1111", daemon=True).start()
        return job

    def close(self) -> None:
        """Cancel what waits and what is under way."""
        with self._lock:
            self._closed = True
            jobs = [*self._waiting, *([self._drawing] if self._drawing else [])]
        for job in jobs:
            job.cancel()

    def _work(self) -> None:
        """Draw what waits, one after the other, in a thread that ends when nothing does."""
        while True:
            with self._lock:
                self._waiting = [job for job in self._waiting if not job.ended]
                if not self._waiting:
                    self._works, self._drawing = False, None
                    return
                job = self._drawing = _in_order(self._waiting)[0]
                self._waiting.remove(job)
                self._tell_places()
            self._draw(job)

    def _tell_places(self) -> None:
        for place, job in enumerate(_in_order(self._waiting), start=1):
            if job.latest != Queued(place):
                job.report(Queued(place))

    def _draw(self, job: A1111Job) -> None:
        """All of a picture. Raises nothing."""
        address, drawing = "", None
        try:
            server = self._server or configured_server()
            if server is None:
                raise EngineFailure("a1111_not_set")
            address = server.address
            drawing = _Drawing(server, job)
            drawing.run()
        except EngineFailure as failure:
            job.report(failure.failed)
        except Refusal as refusal:
            job.report(refused(refusal, address))
        except NotJson:
            job.report(Failed("a1111_no_api", {"address": address}))
        except TooLarge:
            job.report(Failed("a1111_too_large"))
        except NoAnswer as error:
            log.warning("The server with A1111's API does not answer: %s", error)
            job.report(Failed("a1111_gone", {"address": address}))
        except Exception:
            log.exception("The job %s failed", job.id)
            job.report(Failed("internal"))
        finally:  # the student has been told by now
            if drawing is not None:
                drawing.leave()


def _in_order(jobs: list[A1111Job]) -> list[A1111Job]:
    """Those for whom somebody waits first."""
    return sorted(jobs, key=lambda job: job.background)


class _Sending:
    """A request on its way, in a thread of its own: it is answered when the picture is done."""

    def __init__(self, connection: Connection, asked: Asking) -> None:
        self.ended = threading.Event()
        self._answer: Any = None
        self._error: Exception | None = None
        threading.Thread(target=self._send, args=(connection, asked), name="a1111-sent", daemon=True).start()

    def answer(self) -> Any:
        """Raises NoAnswer, Refusal."""
        if self._error is not None:
            raise self._error
        return self._answer

    def _send(self, connection: Connection, asked: Asking) -> None:
        try:
            self._answer = connection.post(asked.path, asked.body, asked.seconds + WAITS, MOST_ANSWER)
        except Exception as error:
            self._error = error
        finally:
            self.ended.set()


class _Drawing:
    """One picture, from what is asked to what has come."""

    def __init__(self, server: Server, job: A1111Job) -> None:
        self._server, self._job = server, job
        self._connection = server.connection
        self._turn = Turn(self._connection, job.id)
        self._sending: _Sending | None = None
        self._since = 0.0  # it was sent, or another one was last seen there
        self._began: float | None = None  # its turn began; where nobody tells, as soon as it could
        self._steps = 0  # as the server counts them
        self._told_to_stop = False  # once: a second time it could be somebody else's picture

    def run(self) -> None:
        """Raises EngineFailure, NoAnswer, Refusal."""
        job = self._job
        asked = asking(self._server, job.model, job.request, job.inputs, job.id)
        self._turn.before()
        if job.stop.is_set():
            return
        self._since = time.monotonic()
        self._sending = _Sending(self._connection, asked)
        if self._follow(asked, self._sending):
            self._end(asked, self._sending)

    def _follow(self, asked: Asking, sending: _Sending) -> bool:
        """Until it is answered (True) or stopped here. Raises EngineFailure where it takes too long."""
        while not sending.ended.wait(LOOK):
            if self._job.stop.is_set():
                return False
            self._hear(self._turn.look())
            if self._began is not None and time.monotonic() - self._began > asked.seconds:
                self._told_to_stop = self._turn.interrupt()
                code = "a1111_time_out" if self._told_to_stop else "a1111_time_out_goes_on"
                raise EngineFailure(code, seconds=asked.seconds)
        return not self._job.stop.is_set()

    def _hear(self, look: Look) -> None:
        job, now = self._job, time.monotonic()
        if look.ours is False:
            self._began, self._since = None, now
            if job.latest != Queued(1):
                job.report(Queued(1))
            return
        if self._began is None:
            self._began = now if look.ours else self._since
            job.report(Loading(job.model))
        if look.step and look.steps:  # before its first step the server tells those of the picture before
            self._steps = look.steps
            elapsed = now - self._began
            remaining = elapsed / look.step * (look.steps - look.step)
            job.report(Step(look.step, look.steps, elapsed, remaining, look.preview))

    def _end(self, asked: Asking, sending: _Sending) -> None:
        """Report what was answered. Raises EngineFailure, NoAnswer, Refusal."""
        seconds = time.monotonic() - (self._began or self._since)
        try:
            answer = sending.answer()
        except TooSlow:
            raise EngineFailure("a1111_time_out_goes_on", seconds=asked.seconds) from None
        except (TooLarge, NotJson):
            raise
        except NoAnswer:
            raise EngineFailure(self._broke_off(), address=self._server.address) from None
        if self._turn.was_stopped():
            raise EngineFailure("a1111_interrupted")
        image, told = picture_of(answer)
        if told.checkpoint and not asked.checkpoint.is_called(told.checkpoint, told.checkpoint_hash):
            raise EngineFailure("a1111_other_model", asked=asked.checkpoint.name, told=told.checkpoint)
        self._job.report(Done(Picture(image, self._drawn(asked, told, seconds))))

    def _broke_off(self) -> str:
        """What has become of a server whose answer broke off."""
        self._server.forget()
        try:
            return "a1111_restarted" if self._server.speaks() else "a1111_gone"
        except NoAnswer:
            return "a1111_gone"

    def _drawn(self, asked: Asking, told: Told, seconds: float) -> Drawn:
        request, here = self._job.request, versions()
        seen = self._steps if request.mode in FROM_SOURCE else 0  # of a photo's steps it runs only a part
        return Drawn(
            request=request,
            effective_steps=min(seen or told.steps or request.steps, 1000),
            model=Model(id=self._job.model, repository="A1111", revision=told.version, weights_sha256=None),
            versions=Versions(
                python="unknown",
                torch="unknown",
                diffusers="none",
                transformers="none",
                genai_lab=here.genai_lab,
            ),
            device="unknown",
            dtype="unknown",
            seconds=seconds,
            service=A1111Service(
                name="A1111",
                version=told.version,
                address=self._server.address[:200],
                checkpoint=short(asked.checkpoint.title)[:200],
                seed=told.seed,
                steps=told.steps,
                sampler=told.sampler or asked.sampler,
                schedule=told.schedule,
                told=told.text,
            ),
        )

    def leave(self) -> None:
        """Leave the server with nothing of ours under way, as far as it can be made to stop."""
        until, sending = time.monotonic() + ENDS, self._sending
        while sending is not None and not sending.ended.is_set() and time.monotonic() < until:
            with contextlib.suppress(Exception):
                self._told_to_stop = self._told_to_stop or self._turn.interrupt()
            sending.ended.wait(LOOK)
