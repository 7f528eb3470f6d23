"""What a server said of late, kept for a moment: pages ask again and again.

Rule: a server that did not answer is not asked again for some seconds, by nobody: no page waits for it
each time.
"""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from lab.models.http import NoAnswer

Told = TypeVar("Told")

KEPT = 20.0  # seconds
AWAY = 5.0  # seconds in which one that did not answer is not asked again


class Remembered(Generic[Told]):
    """Answers by their names; `ask` raises NoAnswer. Any thread may ask."""

    def __init__(self, ask: Callable[[str], Told]) -> None:
        self._ask = ask
        self._known: dict[str, tuple[float, Told]] = {}
        self._away: tuple[float, NoAnswer] | None = None
        self._lock = threading.Lock()

    def of(self, name: str) -> Told:
        """The answer, of a moment ago where there is one. Raises NoAnswer."""
        with self._lock:
            known = self._known.get(name)
            if known is not None and time.monotonic() - known[0] <= KEPT:
                return known[1]
            if self._away is not None and time.monotonic() - self._away[0] <= AWAY:
                raise NoAnswer(*self._away[1].args)
            try:
                found = self._ask(name)
            except NoAnswer as error:
                self._away = (time.monotonic(), error)
                raise
            self._known[name] = (time.monotonic(), found)
            return found

    def forget(self) -> None:
        """Ask anew: what it had may have changed."""
        with self._lock:
            self._known.clear()
            self._away = None
