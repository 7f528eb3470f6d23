"""How long the queue for a GPU takes, estimated from how long earlier leases lasted.

A lease of some age is expected to go on for as long as earlier leases did after they reached that
age. A lease that is older than every earlier one is expected to last for one more median lease.
"""

import heapq
from collections.abc import Sequence
from statistics import median

MIN_ENDED_LEASES = 3  # fewer do not give a usable estimate


def waiting_seconds(position: int, ages: Sequence[float], durations: Sequence[float]) -> float | None:
    """Return the seconds until the waiter at `position` (from 1) gets a GPU.

    `ages` are the ages of the current leases and `durations` those of the ended ones, in seconds. The
    result is None if too few leases have ended, or if there is no lease that could be released.
    """
    if len(durations) < MIN_ENDED_LEASES or not ages:
        return None
    usual = median(durations)
    ends = [_remaining(age, durations, usual) for age in ages]
    heapq.heapify(ends)
    for _ in range(position - 1):
        # Each earlier waiter takes the GPU that is released first, and keeps it for the usual time.
        heapq.heapreplace(ends, ends[0] + usual)
    return ends[0]


def _remaining(age: float, durations: Sequence[float], usual: float) -> float:
    longer = [duration - age for duration in durations if duration > age]
    return median(longer) if longer else usual
