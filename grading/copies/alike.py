"""Which pictures of two students show the same: equal pixels, or the same after a mirror, a crop, a new file.

Bits find the candidates and a close look decides. Two pictures that the lab made with one seed may be equal
honestly, whatever their prompts, since a small model reads few words: they are left out.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from grading.copies.fingerprint import PHOTO, PICTURE, Fingerprint, Look
from grading.copies.looks import Floats, cells_of, crop_at, first_likeness, hashes, likeness, mirrors

NEAR_BITS = 15  # of 63
LIKE = 0.86  # after the close look; of 45,000 pairs of different pictures none reached it
LIKER = 0.12  # for a crop that keeps next to nothing: in a small part there is less to tell pictures apart
FIRST_LIKE = 0.3  # before it
MADE_LIKE = 0.92  # where a model made one of them: its plain scenes resemble others
STARTS = 3  # crops from which a close look begins
MOST_CANDIDATES = 5000
AT_ONCE = 16
MANY = 2  # who share one picture; the more do, the likelier it was given to them


@dataclass(frozen=True)
class Alike:
    one: Look
    other: Look
    score: float
    exact: bool
    mirrored: bool = False
    cropped: bool = False


def alike(fingerprints: Mapping[str, Fingerprint]) -> dict[tuple[str, str], Alike]:
    """The most alike pictures of each two students."""
    looks = [(name, look) for name, own in fingerprints.items() for look in own.looks]
    found: dict[tuple[str, str], Alike] = {}
    for one, other, how in [*_equal(looks), *_near(looks)]:
        pair = (looks[one][0], looks[other][0])
        if pair not in found or found[pair].score < how.score:
            found[pair] = how
    degree = Counter(who for pair in found for who in pair)
    return {
        pair: Alike(
            how.one,
            how.other,
            how.score * min(1.0, MANY / max(1, *(degree[w] for w in pair))),
            how.exact,
            how.mirrored,
            how.cropped,
        )
        for pair, how in found.items()
    }


def may_be_equal(one: Look, other: Look) -> bool:
    """Whether two pictures may be equal though both are honest."""
    return one.kind == other.kind == PICTURE and one.seed is not None and one.seed == other.seed


def _equal(looks: Sequence[tuple[str, Look]]) -> list[tuple[int, int, Alike]]:
    same: dict[str, list[int]] = defaultdict(list)
    for place, (_, look) in enumerate(looks):
        same[look.pixels].append(place)
    found = []
    for places in same.values():
        for i, j in combinations(places, 2):
            (a, one), (b, other) = looks[i], looks[j]
            if a != b and not may_be_equal(one, other):
                found.append((i, j, Alike(one, other, 0.97, exact=True)))
    return found


def _near(looks: Sequence[tuple[str, Look]]) -> list[tuple[int, int, Alike]]:
    cells = [cells_of(look.cells) for _, look in looks]
    candidates = _candidates(looks, cells)
    found = []
    promising = []
    for i, j, crop, mirror in candidates:
        whole, other = cells[j], cells[i]
        if whole is not None and other is not None:
            first = first_likeness(whole, *crop_at(crop), other, mirror)
            if first >= FIRST_LIKE:
                promising.append((-first, i, j, crop, mirror, whole, other))
    promising.sort(key=lambda each: each[:5])
    for _, i, j, crop, mirror, whole, other in promising[:MOST_CANDIDATES]:
        like, (rows, columns) = likeness(whole, *crop_at(crop), other, mirror)
        made = PICTURE in (looks[i][1].kind, looks[j][1].kind)
        kept = (rows[1] - rows[0]) * (columns[1] - columns[0])
        if like < (MADE_LIKE if made else LIKE) + LIKER * (1 - kept):
            continue
        cropped = kept < 0.93
        first, second = sorted((i, j))
        how = Alike(looks[first][1], looks[second][1], round(_certain(like), 3), False, mirror != 0, cropped)
        found.append((first, second, how))
    return found


def _certain(like: float) -> float:
    """From a half, where two pictures just count as alike, to nearly one."""
    return 0.5 + 0.47 * min(1.0, max(0.0, (like - LIKE) / (0.97 - LIKE)))


def _candidates(
    looks: Sequence[tuple[str, Look]], cells: Sequence[Floats | None]
) -> list[tuple[int, int, int, int]]:
    """(Which picture, of which it may be a crop, the crop, the mirror)."""
    kept = [i for i, own in enumerate(cells) if own is not None]
    if len(kept) < 2:
        return []
    crops = [hashes(own, crops=looks[i][1].kind == PHOTO) for i in kept if (own := cells[i]) is not None]
    starts = np.cumsum([0, *(len(c) for c in crops)])[:-1]
    everything = np.concatenate(crops)
    whole = everything[starts]
    owner = np.array([looks[i][0] for i in kept])
    found: list[tuple[int, int, int, int]] = []
    for first in range(0, len(kept), AT_ONCE):
        asked = whole[first : first + AT_ONCE]
        turned = asked[:, None] ^ mirrors()[None, :]
        apart = np.bitwise_count(turned[:, :, None] ^ everything)  # (asked, mirror, crop)
        least = np.minimum.reduceat(apart, starts, axis=2)  # (asked, mirror, of which picture)
        for k, mirror, j in np.argwhere(least <= NEAR_BITS):
            i = first + int(k)
            if owner[i] == owner[j] or may_be_equal(looks[kept[i]][1], looks[kept[j]][1]):
                continue
            end = starts[j + 1] if j + 1 < len(starts) else len(everything)
            bits = apart[k, mirror, starts[j] : end]
            found += [
                (kept[i], kept[int(j)], int(crop), int(mirror))
                for crop in bits.argsort(kind="stable")[:STARTS]
                if bits[crop] <= NEAR_BITS
            ]
    return found
