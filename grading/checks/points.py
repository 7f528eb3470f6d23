"""How an exercise's points are shared over its checks: by weight, in hundredths, adding up exactly."""

from collections.abc import Sequence
from itertools import accumulate, pairwise


def shares(points: float, weights: Sequence[float]) -> list[float]:
    """A part of `points` for each weight, each right to the hundredth; their sum is `points`."""
    if not weights:
        return []
    total = sum(weights)
    marks = [0.0, *(round(points * sofar / total, 2) for sofar in list(accumulate(weights))[:-1]), points]
    return [round(after - before, 6) for before, after in pairwise(marks)]
