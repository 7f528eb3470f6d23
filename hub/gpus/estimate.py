"""How long the line takes, from how long leases lasted before. A guess, and said to be one.

A lease that has lasted for a while is expected to last as long as those before that reached its age
went on; one that is older than any before is expected to last as long again as the usual one.
"""

import heapq
from collections.abc import Sequence
from statistics import median

FEWEST = 3  # leases that must have ended before anything is said


def waiting_seconds(position: int, ages: Sequence[float], durations: Sequence[float]) -> float | None:
    """Seconds until the one at `position` of the line (from 1) is served.

    `ages` are those of the leases held now, `durations` of the ended ones, in seconds. None where too
    few have ended, or nothing is held that could be given back.
    """
    if len(durations) < FEWEST or not ages:
        return None
    usual = median(durations)
    ends = [_remaining(age, durations, usual) for age in ages]
    heapq.heapify(ends)
    for _ in range(position - 1):
        heapq.heapreplace(
            ends, ends[0] + usual
        )  # who stands before takes the first place, for the usual time
    return ends[0]


def _remaining(age: float, durations: Sequence[float], usual: float) -> float:
    longer = [duration - age for duration in durations if duration > age]
    return median(longer) if longer else usual
