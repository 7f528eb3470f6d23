"""How long the UNet needs for so much work at once, and when those who wait will be done.

Rule: a round takes a fixed time and more for each unit of work (`fair_queue.cost`), as the rounds of late
show; so several pictures in one round cost less than each alone. What is foreseen follows from who is drawn
now, who waits in which order, and how many are drawn at once.
"""

import heapq
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FORGET = 0.97  # of what was measured before, at each round


@dataclass(frozen=True)
class Ahead:
    """A picture that is drawn or waits: the steps it has left, and the work of each."""

    steps: int
    work: int


class Pace:
    """A line through the rounds of late: their seconds over their work. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rounds = self._work = self._seconds = 0.0  # sums in which older rounds count less
        self._work_squared = self._work_by_seconds = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """What was measured; the lock does not travel."""
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.Lock()

    def told(self, work: int, seconds: float) -> None:
        """A round of so much work took so long."""
        with self._lock:
            self._rounds = FORGET * self._rounds + 1
            self._work = FORGET * self._work + work
            self._seconds = FORGET * self._seconds + seconds
            self._work_squared = FORGET * self._work_squared + work * work
            self._work_by_seconds = FORGET * self._work_by_seconds + work * seconds

    def seconds(self, work: float) -> float | None:
        """How long a round of so much work will take; None until one was seen."""
        with self._lock:
            if self._rounds == 0:
                return None
            mean_work, mean_seconds = self._work / self._rounds, self._seconds / self._rounds
            spread = self._work_squared / self._rounds - mean_work**2
            slope = mean_seconds / mean_work  # where all rounds were alike: in proportion
            if spread > (0.05 * mean_work) ** 2:
                measured = (self._work_by_seconds / self._rounds - mean_work * mean_seconds) / spread
                slope = min(max(measured, 0.0), slope)  # an empty round takes no less than no time
            return mean_seconds + slope * (work - mean_work)


def foreseen(
    pace: Pace, drawn: Sequence[Ahead], waiting: Sequence[Ahead], most: int
) -> Sequence[float | None]:
    """Seconds until each of those who wait is done, if nobody else comes; None where no pace is known.

    `most`: how many are drawn at once.
    """
    if pace.seconds(1) is None:
        return [None] * len(waiting)
    running: list[tuple[int, int, int]] = []  # after which round it ends, its place in `ends`, its work
    ends = [0.0] * (len(drawn) + len(waiting))
    rounds, now, work = 0, 0.0, 0

    def end_one() -> None:
        nonlocal rounds, now, work
        until, place, own = heapq.heappop(running)
        now += (until - rounds) * (pace.seconds(work) or 0.0)
        rounds, work, ends[place] = until, work - own, now

    for place, each in enumerate((*drawn, *waiting)):
        while place >= len(drawn) and len(running) >= most:
            end_one()
        heapq.heappush(running, (rounds + each.steps, place, each.work))
        work += each.work
    while running:
        end_one()
    return ends[len(drawn) :]
