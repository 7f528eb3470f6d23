"""Replicas of the engine on Ray: one class's pictures on several cards, of one machine or of many.

Rule: the class's one fair line stands here, and a replica is handed only what it can draw at once; so nothing
waits in a place where nobody knows whose turn it is. A replica is a Ray actor with a local engine of its own.
One that is lost is made anew, and what it drew goes first in the line and is drawn elsewhere.
"""

import contextlib
import logging
import os
import platform
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.people import GatewayError
from lab.engine.inputs import Inputs
from lab.engine.line import LineEngine, LineJob, ReplicaState
from lab.engine.local import LocalEngine
from lab.engine.pace import Pace, foreseen
from lab.engine.protocol import LAST_EVENTS, Event, Failed, Queued
from lab.engine.wire import as_event, as_line
from manifests.manifest import Request

# Ray reads these when it is imported. It runs what it is sent, so it has to know its own by a token.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it tells its makers nothing
os.environ.setdefault("RAY_raylet_start_wait_time_s", "120")  # on a machine with other things to do

import ray
from ray.exceptions import RayError, RayTaskError

log = logging.getLogger(__name__)

RESTARTS = 2  # of one picture: what loses its replica again and again may be the cause
AGAIN = 1.0  # seconds before a replica that was lost is made anew
AT_ONCE = 64  # calls of a replica; more than a model draws together, and newcomers
STORE = 512 * 2**20  # bytes in which pictures cross from a replica, where Ray is started here
STARTS = 3  # Ray gives itself half a minute to start, too little on a machine with much else to do


@dataclass(frozen=True)
class Told:
    """An event as its line of JSON, and what the replica can do by now."""

    line: bytes
    most: int
    pace: Pace | None


class Replica:
    """What runs in a process of its own: the local engine."""

    def __init__(self) -> None:
        self._engine, self._jobs = LocalEngine(), dict[str, LineJob]()

    def where(self) -> str:
        """The machine, the process, and its cards."""
        cards = ", ".join(f"GPU {each}" for each in ray.get_gpu_ids()) or "CPU"
        return f"{platform.node()} ({os.getpid()}, {cards})"

    def live(self) -> None:
        """Answer never: whoever waits for it is told when the process ends."""
        threading.Event().wait()

    def draw(
        self,
        key: str,
        request: Request,
        model: str,
        inputs: Inputs,
        film: int,
        student: str,
    ) -> Iterator[Told]:
        """Draw it; its events as they come."""
        job = self._engine.submit(request, model=model, inputs=inputs, film=film, student=student)
        self._jobs[key] = job
        try:
            for event in job.events():
                yield Told(as_line(event), self._engine.most, self._engine.pace)
        finally:
            del self._jobs[key]

    def stop(self, key: str) -> None:
        """Stop it within a step, if it is drawn here."""
        if (job := self._jobs.get(key)) is not None:
            job.cancel()


@dataclass(eq=False)
class _Place:
    """A replica as the line sees it. All of it is read and written with the line's lock held."""

    name: str
    actor: Any = None  # None: there is none just now
    where: str = ""
    model: str = ""  # which it has in memory, or reads now
    most: int = 1  # how many of that model it draws at once, as far as it has told
    pace: Pace | None = None
    jobs: list[LineJob] = field(default_factory=list)
    lost: int = 0

    def has_room(self, job: LineJob) -> bool:
        """Whether it can draw the job now; a newcomer's too where the others took all (see `_may_begin`)."""
        if self.actor is None or not self.jobs:
            return self.actor is not None
        beside = len(self.jobs) < self.most or (self.most > 1 and not job.first)
        return self.model == job.model and beside


class ReplicaEngine(LineEngine):
    """The engine's protocol over replicas. `cpus` and `gpus`: what each gets; a card may be shared.

    `RAY_ADDRESS` names a Ray that runs already, on one machine or many; else one is started here.
    """

    def __init__(self, count: int, cpus: float = 1.0, gpus: float | None = None) -> None:
        super().__init__()
        self._folder = _connect()
        there = ray.cluster_resources()  # type: ignore[no-untyped-call]
        gpus = (1.0 if there.get("GPU") else 0.0) if gpus is None else gpus
        for kind, each in (("CPU", cpus), ("GPU", gpus)):
            if count * each > there.get(kind, 0.0):
                self._end()
                raise GatewayError(
                    "replicas.room", count=count, kind=kind, needed=count * each, there=there.get(kind, 0.0)
                )
        remote: Any = ray.remote  # whose types know nothing of actors' options
        self._kind = remote(
            num_cpus=cpus,
            num_gpus=gpus,
            max_concurrency=AT_ONCE,
            concurrency_groups={"aside": 4},  # for what must not wait until pictures are drawn
            scheduling_strategy="SPREAD",
        )(Replica)
        self._places = [_Place(str(number)) for number in range(1, count + 1)]
        self._at: dict[LineJob, _Place] = {}
        self._keepers = [
            threading.Thread(target=self._keep, args=(place,), name=f"replica-{place.name}", daemon=True)
            for place in self._places
        ]
        self._start()
        for keeper in self._keepers:
            keeper.start()

    @property
    def most(self) -> int:
        """How many are drawn at once, by all together."""
        return max(1, sum(place.most for place in self._places if place.actor is not None))

    def replicas(self) -> Sequence[ReplicaState]:
        """Each of them as it is now."""
        with self._changed:
            return [
                ReplicaState(
                    place.name,
                    place.actor is not None,
                    place.where,
                    place.model,
                    len(place.jobs),
                    place.most,
                    place.lost,
                )
                for place in self._places
            ]

    def _keep(self, place: _Place) -> None:
        """Have a replica there: made, and made anew whenever it was lost, until the engine is closed."""
        while not self._closed:
            actor = self._kind.remote()
            try:
                aside = {"concurrency_group": "aside"}
                where = ray.get(actor.where.options(**aside).remote())
                with self._changed:
                    place.actor, place.where, place.model, place.most, place.pace = actor, where, "", 1, None
                    self._changed.notify_all()
                ray.get(actor.live.options(**aside).remote())
            except RayError as error:
                if not self._closed:
                    log.warning("Replica %s was lost: %s", place.name, str(error).splitlines()[0])
            self._lost(place, actor)
            with contextlib.suppress(Exception):
                ray.kill(actor)  # where only the way to it was lost, it draws for nobody any more
            if not self._closed:
                time.sleep(AGAIN)

    def _lost(self, place: _Place, actor: Any) -> None:
        """Hand it nothing more; whoever notices first counts it."""
        with self._changed:
            if place.actor is actor:
                place.actor, place.lost = None, place.lost + 1

    def _take_place(self, job: LineJob) -> bool:
        """The one that draws the fewest, and among those one that has the model in memory."""
        fit = [place for place in self._places if place.has_room(job)]
        if not fit:
            return False
        place = min(fit, key=lambda each: (len(each.jobs), each.model != job.model))
        if place.model != job.model:
            place.model, place.most, place.pace = job.model, 1, None
        place.jobs.append(job)
        self._at[job] = place
        return True

    def _give_back(self, job: LineJob) -> None:
        self._at.pop(job).jobs.remove(job)

    def _run(self, job: LineJob) -> Event | None:
        """Have it drawn where it has its place, and pass its events on."""
        with self._changed:
            place = self._at[job]
            actor = place.actor
        if actor is None:  # it was lost in this moment
            return None
        try:
            asked = (job.id, job.request, job.model, job.inputs, job.film, job.student)
            for reference in actor.draw.options(num_returns="streaming").remote(*asked):
                told: Told = ray.get(reference)
                event = as_event(told.line)
                if isinstance(event, LAST_EVENTS):
                    return event
                self._learn(place, actor, told)
                if job.stop_asked():  # perhaps before the replica knew the job
                    self._tell_to_stop(actor, job)
                if not isinstance(event, Queued):  # its place is the one in this line
                    job.report(event)
        except RayTaskError:  # a fault of ours, which would happen elsewhere too
            raise
        except RayError as error:
            log.warning("A picture's replica %s was lost: %s", place.name, type(error).__name__)
        self._lost(place, actor)
        return Failed("replicas_lost", {"times": job.restarts + 1}) if job.restarts >= RESTARTS else None

    def _learn(self, place: _Place, actor: Any, told: Told) -> None:
        """How many it draws at once, and how fast; more may begin then."""
        with self._changed:
            if place.actor is not actor:
                return
            more = told.most > place.most
            place.most, place.pace = told.most, told.pace
            if more:
                self._changed.notify_all()

    def _stop_running(self, job: LineJob) -> None:
        place = self._at.get(job)
        if place is not None and place.actor is not None:
            self._tell_to_stop(place.actor, job)

    def _tell_to_stop(self, actor: Any, job: LineJob) -> None:
        actor.stop.options(concurrency_group="aside").remote(job.id)

    def _ends(self, waiting: Sequence[LineJob]) -> Sequence[float | None]:
        """As if those who wait were dealt out to the replicas in turn."""
        ends: list[float | None] = [None] * len(waiting)
        up = sorted((p for p in self._places if p.actor is not None), key=lambda each: len(each.jobs))
        for first, place in enumerate(up):
            if place.pace is not None:
                theirs = [job.ahead for job in waiting[first :: len(up)]]
                drawn = [job.ahead for job in place.jobs]
                ends[first :: len(up)] = foreseen(place.pace, drawn, theirs, place.most)
        return ends

    def _end(self) -> None:
        """End the replicas, and Ray where it was started here."""
        ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _connect() -> str | None:
    """Join the Ray that `RAY_ADDRESS` names, or start one here; the folder it was started in."""
    address = os.environ.get("RAY_ADDRESS")
    if address:
        try:
            ray.init(address=address, logging_level=logging.WARNING)
        except (RayError, ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).partition("\n")[0].rstrip(". ") or type(error).__name__
            raise GatewayError("replicas.address", address=address, reason=reason) from error
        return None
    if not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # else Ray writes one where others may read it
    for _ in range(STARTS - 1):
        try:
            return _start()
        except GatewayError as error:
            log.warning("Ray is started again: %s", error)
    return _start()


def _start() -> str:
    """Start Ray here; the folder it was started in. Raises GatewayError if Ray does not come up."""
    folder = tempfile.mkdtemp(prefix="genai-ray-")  # short, as sockets need; for this account alone
    try:
        ray.init(
            address="local",
            include_dashboard=False,
            logging_level=logging.WARNING,
            object_store_memory=STORE,
            _temp_dir=folder,
            _node_ip_address="127.0.0.1",
        )
    except Exception as error:  # Ray raises nothing narrower
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
        reason = str(error).partition("\n")[0].rstrip(". ") or type(error).__name__
        raise GatewayError("replicas.start", reason=reason) from error
    return folder
