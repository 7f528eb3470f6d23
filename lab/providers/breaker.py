"""A circuit breaker: a provider that failed several times in a row is left alone for a while.

After the rest one call is let through; its outcome decides whether the others may follow.
"""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row, for `rest` seconds. Safe in threads."""

    def __init__(self, failures: int = 3, rest: float = 60.0, clock: Callable[[], float] = time.monotonic):
        self.failures, self.rest = failures, rest
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._closed_from = 0.0

    def allows(self) -> bool:
        """Whether to ask now. While it rests: no; then yes once, and no again until that call's outcome."""
        with self._lock:
            now = self._clock()
            if self._in_a_row < self.failures:
                return True
            if now < self._closed_from:
                return False
            self._closed_from = now + self.rest
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._in_a_row = 0

    def failed(self) -> None:
        with self._lock:
            self._in_a_row += 1
            self._closed_from = self._clock() + self.rest
