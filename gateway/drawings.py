"""The class's pictures: each is drawn once under its student's key, and signed before anybody sees it.

Rule: image first, on disk; then the receipt; then the lab is told. So a gateway that is killed between any
two of these does each once: the lab asks again under the same key. What an instructor draws goes first. A
drawing whose lab is not heard of for GRACE seconds is stopped.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from gateway.credentials import Credentials, CredentialsError, Origin
from gateway.kept import Kept
from gateway.people import Person
from gateway.receipt_log import ReceiptLog
from lab.engine.events import EventLog
from lab.engine.inputs import Inputs
from lab.engine.line import LineEngine, LineJob
from lab.engine.protocol import LAST_EVENTS, Done, Event, Failed, Picture, Step
from lab.judge.adherence import opinion
from manifests.manifest import Request
from manifests.png import pixels_sha256, png_bytes
from manifests.receipts import request_digest

log = logging.getLogger(__name__)

GRACE = 90.0  # seconds
REMEMBERED = 600.0  # seconds for which a drawing that ended, and was not fetched, is found in memory


class Drawing(EventLog):
    """One picture of one student; any number of connections may listen.

    `held`: whoever asked stays until it ends, and asks for it no second time.
    """

    def __init__(self, person: Person, key: str, held: bool = False) -> None:
        super().__init__()
        self.id, self.person, self.held = key, person, held
        self.job: LineJob | None = None  # None: it was drawn before
        self._stop = False
        self.since = time.time()
        self.began: float | None = None  # when its first step was done
        self.seconds: float | None = None  # from when it was asked for until it ended
        self._listening, self._left = 0, time.monotonic()
        self._lock = threading.Lock()

    def begin(self, job: LineJob) -> None:
        """The engine has taken it."""
        with self._lock:
            self.job = job
        if self._stop:
            job.cancel()

    def cancel(self) -> None:
        """Stop within one step, or before starting."""
        with self._lock:
            self._stop = True
        if self.job is not None:
            self.job.cancel()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Within this, the lab is there."""
        with self._lock:
            self._listening += 1
        try:
            yield
        finally:
            with self._lock:
                self._listening -= 1
                self._left = time.monotonic()

    def unheard(self) -> float:
        """Seconds since anybody listened."""
        with self._lock:
            return 0.0 if self._listening or (self.held and not self.ended) else time.monotonic() - self._left


class Drawings:
    """What the class draws. `ended` is told of each that has."""

    def __init__(
        self,
        engine: LineEngine,
        receipts: ReceiptLog,
        kept: Kept,
        credentials: Credentials | None = None,
        ended: Callable[[Drawing], None] = lambda _: None,
    ) -> None:
        self.engine = engine
        self._receipts, self._kept, self._ended = receipts, kept, ended
        self._credentials = credentials  # None: pictures get no Content Credentials
        self.draining = False  # nothing new is taken; what was asked for is finished
        self._lock = threading.Lock()
        self._all: dict[tuple[str, str], Drawing] = {}

    def submit(
        self,
        person: Person,
        key: str,
        request: Request,
        model: str,
        inputs: Inputs,
        film: int,
        *,
        held: bool = False,
        background: bool = False,
    ) -> Drawing:
        """The drawing of that key: the one there is, or was, or a new one."""
        with self._lock:
            known = self._all.get((person.name, key))
            if known is not None:
                return known
            drawing = self._all[person.name, key] = Drawing(person, key, held)
        kept = self._kept.get(person.name, key)
        if kept is not None:
            drawing.report(self._signed(drawing, kept))
            return drawing
        job = self.engine.submit(
            request,
            model=model,
            inputs=inputs,
            film=film,
            background=background,
            student=person.name,
            first=person.teaches,
        )
        drawing.begin(job)
        follow = threading.Thread(target=self._follow, args=(drawing, job), name=f"drawing-{key[:8]}")
        follow.daemon = True
        follow.start()
        return drawing

    def knows(self, person: Person, key: str) -> bool:
        """Whether the drawing of that key was asked for already."""
        with self._lock:
            return (person.name, key) in self._all

    def end(self, person: Person, key: str) -> None:
        """The lab needs it no more: stop it if it goes on, forget what is kept."""
        with self._lock:
            drawing = self._all.pop((person.name, key), None)
        if drawing is not None:
            drawing.cancel()
        self._kept.forget(person.name, key)

    def stop(self, student: str, key: str) -> bool:
        """Stop one of somebody's, as an instructor may; whether it was there."""
        with self._lock:
            drawing = self._all.get((student, key))
        if drawing is None:
            return False
        drawing.cancel()
        return True

    def all(self) -> list[Drawing]:
        """Those under way, and those that ended and were not fetched yet."""
        with self._lock:
            return list(self._all.values())

    def tidy(self) -> None:
        """Stop what nobody listens to any more, and forget what ended long ago. To be called now and then."""
        for drawing in self.all():
            if drawing.ended and drawing.unheard() > REMEMBERED:
                with self._lock:
                    self._all.pop((drawing.person.name, drawing.id), None)
            elif not drawing.ended and drawing.unheard() > GRACE:
                log.info("Nobody listens to a drawing of %s any more: it is stopped", drawing.person.name)
                drawing.cancel()
        self._kept.sweep()

    def _follow(self, drawing: Drawing, job: LineJob) -> None:
        """Pass the engine's events on; what was drawn is kept and signed first."""
        for event in job.events():
            if isinstance(event, Step) and drawing.began is None:
                drawing.began = time.time()
            last = self._attempt(drawing, event) if isinstance(event, Done) else event
            if isinstance(last, LAST_EVENTS):
                drawing.seconds = time.time() - drawing.since
            drawing.report(last)
        self._ended(drawing)
        if drawing.held:
            self.end(drawing.person, drawing.id)

    def _attempt(self, drawing: Drawing, done: Done) -> Event:
        """As `_finished`; whatever goes wrong in there ends the drawing, so that nobody waits for ever."""
        try:
            return self._finished(drawing, done)
        except Exception:
            log.exception("A finished picture of %s was lost", drawing.person.name)
            return Failed("internal")

    def _finished(self, drawing: Drawing, done: Done) -> Event:
        drawn = done.picture.drawn
        found = opinion(drawn.request.prompt, drawn.model.id, done.picture.image)
        file = self._with_credentials(done.picture, drawing.job.inputs.source if drawing.job else None)
        # A lab has no judge in memory, and no key to sign with.
        done = Done(replace(done.picture, judged=True, adherence=found, file=file))
        try:
            self._kept.put(drawing.person.name, drawing.id, done)
        except OSError:
            log.exception("A finished picture of %s could not be kept", drawing.person.name)
            return Failed("internal")
        return self._signed(drawing, done)

    def _with_credentials(self, picture: Picture, source: bytes | None) -> bytes | None:
        """The picture's file with its Content Credentials; None where it can get none."""
        if self._credentials is None:
            return None
        origin = Origin.of(picture.drawn, pixels_sha256(picture.image))
        try:
            return self._credentials.signed(png_bytes(picture.image, picture.drawn), origin, source)
        except CredentialsError as error:
            log.warning("A picture has no Content Credentials: %s", error.code)
            return None

    def _signed(self, drawing: Drawing, done: Done) -> Event:
        """The same with its receipt; of the same pixels for the same key, the same receipt."""
        drawn, pixels = done.picture.drawn, pixels_sha256(done.picture.image)
        if not isinstance(drawn.request, Request):
            raise TypeError("the gateway's engine draws requests of its own kind only")
        try:
            receipt = self._receipts.issue(
                student=drawing.person.name,
                pixels_sha256=pixels,
                request=request_digest(drawn.request),
                model=drawn.model.id,
                weights_sha256=drawn.model.weights_sha256,
                kind="drawn",
                asked=f"{drawing.id} {pixels}",
            )
        except sqlite3.Error:
            log.exception("A finished picture of %s could not be signed", drawing.person.name)
            return Failed("internal")
        return Done(replace(done.picture, drawn=replace(drawn, receipt=receipt)))
