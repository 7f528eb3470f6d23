"""The limits of one endpoint: how large a request may be, and how many are served at once."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MINUTE = 60.0


@dataclass(frozen=True)
class EndpointLimits:
    """Bytes of a request; bytes and pixels of a picture in it; pictures looked at and drawn in one request.

    `waiting`: requests for pictures under way, the one being drawn among them. `at_once`: requests of
    any kind under way, whose bodies are in memory. `per_minute`: requests.
    """

    body_bytes: int = 28 * 2**20
    picture_bytes: int = 20 * 2**20
    picture_pixels: int = 25_000_000
    pictures: int = 4
    images: int = 4
    waiting: int = 8
    at_once: int = 32
    per_minute: int = 240


class Rate:
    """At most `count` in any minute. For one event loop: nothing here waits."""

    def __init__(self, count: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._count = count
        self._clock = clock
        self._times: deque[float] = deque()

    def take(self) -> float:
        """0 if there was room, and it is taken; else the seconds until there is."""
        now = self._clock()
        # the same difference decides and is told: another sum may differ in its last digit
        while self._times and now - self._times[0] >= MINUTE:
            self._times.popleft()
        if len(self._times) >= self._count:
            return MINUTE - (now - self._times[0])
        self._times.append(now)
        return 0.0
