"""How an exercise's points are shared: equally over its checks, in hundredths, adding up exactly."""

from itertools import pairwise


def shares(points: float, count: int) -> list[float]:
    """`count` parts of `points`, each to the hundredth and equal within one; their sum is `points`."""
    marks = [round(points * i / count, 2) for i in range(count)] + [points]
    return [round(after - before, 6) for before, after in pairwise(marks)]
