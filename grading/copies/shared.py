"""Which students share rare words in a row: an index from each hash to its holders.

What only two hold counts in full, what more of them hold less, and what much of the class holds not at
all: so common phrases leave by themselves, and what the assignment itself says is taken out before. What
counts is how much rare text two share, times how much of the shorter text that sharing tells.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import TypeVar

MOST_HOLDERS = 12  # of one hash, or an eighth of the class where that is more
SMALL_CLASS = 30  # a smaller one counts as one of so many
Owner = TypeVar("Owner", bound=Hashable)


@dataclass(frozen=True)
class Measure:
    """How much texts of a sort must share at `least`, and how much is `half` certain."""

    least: float
    half: float


TEXT = Measure(least=3.1, half=4)
OBSERVED = Measure(least=5, half=6)
PROMPT = Measure(least=1.5, half=1.2)
CODE = Measure(least=7, half=7)


@dataclass(frozen=True)
class Shared:
    """How many hashes two have in common; `score` 0 to 1."""

    amount: float
    score: float


def shared(
    held: Mapping[Owner, Sequence[Collection[int]]],
    measure: Measure,
    given: Collection[int] = (),
    *,
    among: Collection[Owner] | None = None,
    scale: float = 1.0,
) -> dict[tuple[Owner, Owner], Shared]:
    """The best of each two owners' texts, where they are alike.

    `given`: hashes of what everybody was given. `among`: pairs without one of these owners are not looked at.
    `scale`: how many hashes of the text each one here stands for.
    """
    owners = list(held)
    rank = {owner: number for number, owner in enumerate(owners)}
    given = frozenset(given)
    texts = [(rank[owner], frozenset(text) - given) for owner in owners for text in held[owner]]
    holders: dict[int, list[int]] = defaultdict(list)
    for place, (_, hashes) in enumerate(texts):
        for each in hashes:
            holders[each].append(place)
    most = max(MOST_HOLDERS, len(owners) // 8)
    weight = {
        each: _weights(len({texts[p][0] for p in places}), most, len(owners))
        for each, places in holders.items()
    }
    sizes = [_sum((weight[h] for h in hashes), scale) for _, hashes in texts]
    looked_at = None if among is None else {rank[owner] for owner in among}
    common: dict[tuple[int, int], list[tuple[float, float]]] = defaultdict(list)
    for each, places in holders.items():
        if weight[each][0] and len(places) > 1:
            for one, other in combinations(places, 2):
                a, b = texts[one][0], texts[other][0]
                if a != b and (looked_at is None or (a in looked_at) != (b in looked_at)):
                    common[one, other].append(weight[each])
    found: dict[tuple[Owner, Owner], Shared] = {}
    for (one, other), counted in common.items():
        (rare, told), shorter = _sum(counted, scale), min(sizes[one], sizes[other], key=lambda size: size[1])
        much = rare * told / max(1e-9, shorter[1])
        if much < measure.least:
            continue
        score = much / (much + measure.half)
        pair = (owners[texts[one][0]], owners[texts[other][0]])
        if pair not in found or found[pair].score < score:
            found[pair] = Shared(len(counted) * scale, score)
    return found


def _weights(students: int, most: int, of: int) -> tuple[float, float]:
    """How rare a hash is, and how much it tells, both 1 where two hold it."""
    if students > most:
        return 0.0, 0.0
    several = max(of, SMALL_CLASS)
    return min(1.0, 2.0 / students), min(1.0, log(several / students) / log(several / 2))


def _sum(weights: Iterable[tuple[float, float]], scale: float) -> tuple[float, float]:
    rare = told = 0.0
    for one, other in weights:
        rare, told = rare + one, told + other
    return scale * rare, scale * told
