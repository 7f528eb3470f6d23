"""Which students share rare words in a row: an index from each hash to its holders, no student read twice.

What only two hold counts in full, what more of them hold less, and what much of the class holds not at all: so
common phrases leave by themselves, and what the assignment itself says is taken out before.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

MOST_HOLDERS = 12  # of one hash, or an eighth of the class where that is more
Owner = TypeVar("Owner", bound=Hashable)


@dataclass(frozen=True)
class Measure:
    """When texts of a sort are alike: so many shared hashes, so much of the shorter text; `half`: half certain."""

    least: float
    share: float
    half: float


TEXT = Measure(least=9, share=0.12, half=14)
OBSERVED = Measure(least=12, share=0.3, half=18)
PROMPT = Measure(least=4.5, share=0.34, half=4)
CODE = Measure(least=8, share=0.25, half=10)


@dataclass(frozen=True)
class Shared:
    """How much two have in common: `amount` in hashes, each counted as far as it is rare; `score` 0 to 1."""

    amount: float
    share: float
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
    weight = {each: _weight(len({texts[p][0] for p in places}), most) for each, places in holders.items()}
    size = [scale * sum(weight[h] for h in hashes) for _, hashes in texts]
    looked_at = None if among is None else {rank[owner] for owner in among}
    common: Counter[tuple[int, int]] = Counter()
    for each, places in holders.items():
        if weight[each] and len(places) > 1:
            for one, other in combinations(places, 2):
                a, b = texts[one][0], texts[other][0]
                if a != b and (looked_at is None or (a in looked_at) != (b in looked_at)):
                    common[one, other] += weight[each]  # type: ignore[assignment]
    found: dict[tuple[Owner, Owner], Shared] = {}
    for (one, other), counted in common.items():
        amount = scale * counted
        share = amount / max(1e-9, min(size[one], size[other]))
        if amount < measure.least or share < measure.share:
            continue
        score = amount / (amount + measure.half) * (0.4 + 0.6 * min(1.0, share))
        pair = (owners[texts[one][0]], owners[texts[other][0]])
        if pair not in found or found[pair].score < score:
            found[pair] = Shared(round(amount, 1), round(share, 3), score)
    return found


def _weight(students: int, most: int) -> float:
    return 0.0 if students > most else min(1.0, 2.0 / students)
