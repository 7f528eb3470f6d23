"""What students ask to be looked at again, as the gateway told it last.

Rule: a page never waits long for the gateway. What it said is taken for some seconds, and where it does not
answer, what it said before stays and `problem` says why it is old.
"""

import threading
import time
from collections.abc import Callable

from grading.feedback.document import LookAgain
from grading.feedback.publishing import GatewayCarrier, PublishError

HOLDS = 10.0  # seconds


class Wishes:
    """Thread-safe. Without a carrier nobody can ask."""

    def __init__(
        self, carrier: GatewayCarrier | None, assignment: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._carrier, self._assignment, self._clock = carrier, assignment, clock
        self._lock = threading.Lock()
        self._told: list[LookAgain] = []
        self._asked: float | None = None
        self.problem: PublishError | None = None

    def current(self) -> list[LookAgain]:
        """All that was asked, answered or not, the oldest first."""
        if self._carrier is None:
            return []
        with self._lock:
            now = self._clock()
            if self._asked is None or now - self._asked >= HOLDS:
                try:
                    self._told, self.problem = self._carrier.requests(self._assignment), None
                except PublishError as error:
                    self.problem = error
                self._asked = self._clock()
            return self._told

    def forget(self) -> None:
        """The next page asks the gateway itself."""
        with self._lock:
            self._asked = None

    def by_place(self) -> dict[tuple[str, str], LookAgain]:
        """What was asked, by student and exercise: each may ask once for each."""
        return {(each.student, each.exercise): each for each in self.current()}

    def answer(self, number: int, answer: str, by: str) -> None:
        """Raises PublishError."""
        if self._carrier is None:
            raise PublishError("desk.not_here")
        self._carrier.answer(number, answer, by)
        self.forget()
