"""What an instructor and a monitor want to know of a class: who waits, how fast, what fails, what it costs.

Kept are counts since the gateway was started, and the times of the last pictures; nothing is on disk.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Metric
from pydantic import BaseModel

from gateway.drawings import Drawing, Drawings
from lab.engine.protocol import Cancelled, Done, Failed, Queued, Step
from lab.providers.errors import ProviderError
from lab.providers.protocol import Answer

RECENT = 500  # pictures, over which middle and slow times are taken
WINDOW = 300.0  # seconds, over which pictures per minute are counted
SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600)


class Waiting(BaseModel):
    """A picture that waits. `remaining`: an estimate, in seconds, until it is done."""

    student: str
    key: str
    position: int
    waited: float
    remaining: float | None


class Drawn(BaseModel):
    """A picture that is drawn now."""

    student: str
    key: str
    step: int
    steps: int
    seconds: float


class Times(BaseModel):
    """In seconds; None where there was none yet."""

    middle: float | None = None  # the median
    slow: float | None = None  # only one in twenty takes longer


class Student(BaseModel):
    """What was done for one of them."""

    name: str
    pictures: int
    failures: int
    waiting: int


class Replica(BaseModel):
    """One of the engines that draw, where there are several. `lost`: how often it was, and was made anew."""

    name: str
    up: bool
    where: str
    model: str
    running: int
    most: int
    lost: int


class ClassState(BaseModel):
    """`GET /class`."""

    paused: bool
    draining: bool
    most: int  # pictures drawn at once
    drawn: list[Drawn]
    waiting: list[Waiting]
    pictures: int
    per_minute: float
    waited: Times
    took: Times
    failures: dict[str, int]
    students: list[Student]
    replicas: list[Replica]


class ClassWatch:
    """Told of each drawing that has ended. For any thread."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._ends: deque[float] = deque()
        self._waited: deque[float] = deque(maxlen=RECENT)
        self._took: deque[float] = deque(maxlen=RECENT)
        self._pictures: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self.registry = CollectorRegistry()
        self._drawings = Metric("genai_drawings", "Drawings that ended.", ["outcome"], registry=self.registry)
        self._failures = Metric("genai_failures", "Drawings that failed.", ["code"], registry=self.registry)
        self._waiting_seconds = self._histogram("genai_waiting_seconds", "Asked to first step.", SECONDS)
        self._drawing_seconds = self._histogram("genai_drawing_seconds", "First step to done.", SECONDS)
        self._batch = self._histogram("genai_batch_size", "Drawn with how many.", (1, 2, 4, 8, 16, 32))
        whose = ["provider", "model"]
        self._calls = Metric(
            "genai_provider_calls",
            "Calls to models of providers.",
            [*whose, "outcome"],
            registry=self.registry,
        )
        self._cost = Metric("genai_provider_cost", "What they cost, as told.", whose, registry=self.registry)
        self._tokens = Metric(
            "genai_provider_tokens", "Tokens they took.", [*whose, "kind"], registry=self.registry
        )
        self._used = Gauge(
            "genai_class_budget_used", "Of the class's budget, 1 is all.", registry=self.registry
        )
        self._line = Gauge("genai_waiting", "Drawings that wait now.", registry=self.registry)
        self._now = Gauge("genai_running", "Drawings under way now.", registry=self.registry)
        self._replicas_up = self._by_replica("genai_replica_up", "1: this replica can draw, 0: it was lost.")
        self._replicas_running = self._by_replica("genai_replica_running", "Drawings under way on it.")
        self._replicas_lost = self._by_replica("genai_replica_lost", "How often it was lost.")

    def _histogram(self, name: str, text: str, buckets: Sequence[float]) -> Histogram:
        return Histogram(name, text, buckets=buckets, registry=self.registry)

    def _by_replica(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, ["replica"], registry=self.registry)

    def ended(self, drawing: Drawing) -> None:
        """Count it."""
        last, student, now = drawing.latest, drawing.person.name, self._clock()
        with self._lock:
            match last:
                case Done(picture=picture):
                    self._pictures[student] += 1
                    self._ends.append(now)
                    began = drawing.began or now
                    self._waited.append(began - drawing.since)
                    self._took.append(now - began)
                    self._waiting_seconds.observe(began - drawing.since)
                    self._drawing_seconds.observe(now - began)
                    self._batch.observe(picture.drawn.batch_size)
                    self._drawings.labels("done").inc()
                case Failed(code=code):
                    self._failed[student] += 1
                    self._codes[code] += 1
                    self._drawings.labels("failed").inc()
                    self._failures.labels(code).inc()
                case Cancelled():
                    self._drawings.labels("cancelled").inc()

    def answered(self, answer: Answer) -> None:
        """Count a provider's answer, and those who gave none before it; one given before costs nothing."""
        whose = (answer.provider, answer.model)
        self._calls.labels(*whose, "cached" if answer.cached else "answered").inc()
        if not answer.cached:
            self._cost.labels(*whose).inc(answer.cost.amount or 0)
            self._tokens.labels(*whose, "input").inc(answer.usage.input_tokens or 0)
            self._tokens.labels(*whose, "output").inc(answer.usage.output_tokens or 0)
        for tried in answer.tried:
            self._not_answered(tried.provider, tried.model, tried.reason)

    def unanswered(self, error: ProviderError) -> None:
        """Count a call that no provider answered, by each who was asked; or by why nobody was."""
        for tried in error.tried:
            self._not_answered(tried.provider, tried.model, tried.reason)
        if not error.tried:
            self._not_answered("", "", error.code)

    def _not_answered(self, provider: str, model: str, reason: str) -> None:
        self._calls.labels(provider, model, "failed").inc()
        self._failures.labels(reason).inc()
        with self._lock:
            self._codes[reason] += 1

    def state(self, drawings: Drawings) -> ClassState:
        """All of it now."""
        now, drawn, waiting = self._clock(), [], []
        for each in drawings.all():
            event = each.latest
            if isinstance(event, Step):
                drawn.append(
                    Drawn(
                        student=each.person.name,
                        key=each.id,
                        step=event.step,
                        steps=event.steps,
                        seconds=event.seconds,
                    )
                )
            elif isinstance(event, Queued):
                waiting.append(
                    Waiting(
                        student=each.person.name,
                        key=each.id,
                        position=event.position,
                        waited=now - each.since,
                        remaining=event.remaining,
                    )
                )
        in_line = Counter(each.student for each in waiting)
        with self._lock:
            while self._ends and now - self._ends[0] > WINDOW:
                self._ends.popleft()
            names = sorted({*self._pictures, *self._failed, *in_line})
            return ClassState(
                paused=drawings.engine.paused,
                draining=drawings.draining,
                most=drawings.engine.most,
                drawn=sorted(drawn, key=lambda each: each.seconds, reverse=True),
                waiting=sorted(waiting, key=lambda each: each.position),
                pictures=self._pictures.total(),
                per_minute=len(self._ends) * 60 / WINDOW,
                waited=_times(self._waited),
                took=_times(self._took),
                failures=dict(self._codes),
                students=[
                    Student(
                        name=name,
                        pictures=self._pictures[name],
                        failures=self._failed[name],
                        waiting=in_line[name],
                    )
                    for name in names
                ],
                replicas=[Replica(**asdict(each)) for each in drawings.engine.replicas()],
            )

    def metrics(self, drawings: Drawings, budget_used: float) -> bytes:
        """The same for Prometheus, in its text format; no names of students."""
        self._used.set(budget_used)
        state = self.state(drawings)
        self._line.set(len(state.waiting))
        self._now.set(len(state.drawn))
        for each in state.replicas:
            self._replicas_up.labels(each.name).set(each.up)
            self._replicas_running.labels(each.name).set(each.running)
            self._replicas_lost.labels(each.name).set(each.lost)
        return generate_latest(self.registry)


def _times(seconds: Sequence[float]) -> Times:
    if not seconds:
        return Times()
    ordered = sorted(seconds)
    return Times(
        middle=ordered[len(ordered) // 2], slow=ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    )
