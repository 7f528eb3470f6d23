"""What nobody waits for is drawn while nothing else is to be, and takes nobody's place."""

import threading
import time
from collections.abc import Iterator

import pytest

from lab.engine.line import LineEngine, LineJob
from lab.engine.protocol import Event, Failed, Queued
from lab.engine.wire import Asked
from tests.lab.engine.asking import asked

PLACES = 8


class Places(LineEngine):
    """An engine that draws nothing: a job has its place until the test ends it."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.ends: dict[LineJob, threading.Event] = {}
        self._start()

    @property
    def most(self) -> int:
        return self._most

    def _take_place(self, job: LineJob) -> bool:
        return len(self._running) < self._most

    def _give_back(self, job: LineJob) -> None: ...

    def _run(self, job: LineJob) -> Event:
        self.ends.setdefault(job, threading.Event()).wait(10)
        return Failed("internal")

    def _ends(self, waiting):  # type: ignore[no-untyped-def]
        return [None] * len(waiting)

    def _stop_running(self, job: LineJob) -> None:
        self.end(job)

    def _end(self) -> None: ...

    def end(self, job: LineJob) -> None:
        self.ends.setdefault(job, threading.Event()).set()

    def ask(self, student: str = "", background: bool = False) -> LineJob:
        return self.submit(asked(), model="mini", student=student, background=background)

    def settled(self) -> list[LineJob]:
        """Who is drawn, once the line has had the time to begin whom it may."""
        time.sleep(0.1)
        return self.running()


@pytest.fixture
def places() -> Iterator[Places]:
    engine = Places(PLACES)
    yield engine
    engine.close()


def test_a_batch_has_a_quarter_of_the_places(places: Places) -> None:
    batch = [places.ask(background=True) for _ in range(5)]
    assert places.settled() == batch[: PLACES // 4]


def test_whoever_comes_later_goes_before_a_batch_that_waits(places: Places) -> None:
    batch = [places.ask("ada", background=True) for _ in range(5)]
    places.settled()
    others = [places.ask("ben") for _ in range(3)]
    assert places.settled() == [*batch[:2], *others]
    assert places.waiting() == batch[2:]


def test_a_batch_takes_nothing_of_its_own_students_share(places: Places) -> None:
    for _ in range(4):
        places.ask("ada", background=True)
    others = [places.ask(f"student{n}") for n in range(4)]
    own = places.ask("ada")
    assert {*others, own} <= set(places.settled())


def test_one_of_a_batch_that_waits_for_room_lets_others_go_first() -> None:
    engine = Places(1)
    try:
        begun = engine.ask("ada")
        assert engine.settled() == [begun]
        late, soon = engine.ask("ada", background=True), engine.ask("ben")
        engine.settled()
        engine.end(begun)
        assert engine.settled() == [soon]
        engine.end(soon)
        assert engine.settled() == [late]
    finally:
        engine.close()


def test_one_of_a_batch_that_waits_is_told_its_place_and_stops_at_once(places: Places) -> None:
    batch = [places.ask(background=True) for _ in range(4)]
    places.settled()
    assert isinstance(batch[3].latest, Queued)
    batch[3].cancel()
    assert batch[3].ended
    assert batch[3] not in places.waiting()


def test_a_gateway_that_knows_no_batches_is_asked_as_ever() -> None:
    one = Asked(key="a" * 8, model="mini", request=asked(strength=None))
    assert "background" not in one.sent()
    assert one.model_copy(update={"background": True}).sent()["background"] is True
