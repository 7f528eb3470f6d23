"""How pictures are compared: by the signs and sizes of their cosines, whole and in many crops.

A picture is brought to SIDE x SIDE grey cells. `hashes` gives 63 bits for it and for each crop of it; a
mirrored picture has the same bits with some of them turned. `likeness` compares two pictures closely and
finds the crop.
"""

import base64
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import product
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 64
BITS = 8  # cosines of a hash in each direction, the first of all left out
FINE = 16  # cosines of the close comparison
LOW = 3  # cosines below it are light and shade, which many pictures share
STEPS = (0.0, 0.1, 0.2, 0.3, 0.4)  # what a crop takes off a side
MOST_OFF = 0.4  # and off both together
HOPELESS = 0.6  # a likeness that smaller steps do not bring up to anything that counts
PLAIN_BELOW = 4.0  # of the fine cosines' size: a plain surface is like any other

Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]
Interval = tuple[float, float]


@cache
def intervals() -> tuple[Interval, ...]:
    """What a crop may keep of a side; first the whole."""
    kept = [(a, 1 - b) for a, b in product(STEPS, STEPS) if a + b <= MOST_OFF + 1e-9]
    return tuple(sorted(kept, key=lambda i: i[0] - i[1]))


def grey(picture: Image.Image) -> str:
    """A picture as SIDE x SIDE grey cells, in base64."""
    cells = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return base64.b64encode(cells.tobytes()).decode("ascii")


def cells_of(grey: str) -> Floats | None:
    """What `grey` made; None for anything else."""
    try:
        data = base64.b64decode(grey, validate=True)
    except ValueError:
        return None
    if len(data) != SIDE * SIDE:
        return None
    return np.frombuffer(data, np.uint8).reshape(SIDE, SIDE).astype(np.float64)


def hashes(cells: Floats, *, crops: bool) -> Hashes:
    """The bits of the whole, and after it of every crop."""
    basis = _crop_basis() if crops else _crop_basis()[:1]
    n = len(basis)
    flat = basis.reshape(n * BITS, SIDE)
    found = (flat @ cells @ flat.T).reshape(n, BITS, n, BITS).transpose(0, 2, 1, 3)
    bits = found.reshape(n * n, BITS * BITS) > 0
    bits[:, 0] = False
    return np.packbits(bits, axis=1, bitorder="little").view("<u8")[:, 0].astype(np.uint64)


@cache
def mirrors() -> Hashes:
    """What turns the bits of a picture into those of itself, mirrored across, upside down, and both."""
    v, u = np.divmod(np.arange(BITS * BITS, dtype=np.uint64), BITS)
    place = np.uint64(1) << np.arange(BITS * BITS, dtype=np.uint64)
    across, down = place[u % 2 == 1].sum(dtype=np.uint64), place[v % 2 == 1].sum(dtype=np.uint64)
    # A bit of a cosine that is turned is the opposite one; the first stays 0, for it is even both ways.
    return np.array([0, across, down, across ^ down], dtype=np.uint64)


def crop_at(index: int) -> tuple[Interval, Interval]:
    """Which rows and columns the crop with that place in `hashes` keeps."""
    rows, columns = divmod(index, len(intervals()))
    return intervals()[rows], intervals()[columns]


def first_likeness(whole: Floats, rows: Interval, columns: Interval, other: Floats, mirror: int) -> float:
    """The same for just that crop."""
    return _alike(whole, rows, columns, _target(other, mirror))


def likeness(
    whole: Floats, rows: Interval, columns: Interval, other: Floats, mirror: int
) -> tuple[float, tuple[Interval, Interval]]:
    """How like `other` (mirrored) is to that crop of `whole`, -1 to 1, and the crop that fits best."""
    target = _target(other, mirror)

    def at(edges: Sequence[float]) -> float:
        return _alike(whole, (edges[0], edges[1]), (edges[2], edges[3]), target)

    edges, step = [*rows, *columns], 0.04
    best = at(edges)
    while step > 0.008:
        better = False
        for i, by in product(range(4), (-step, step)):
            tried = list(edges)
            tried[i] = round(min(1.0, max(0.0, tried[i] + by)), 3)
            if tried[1] - tried[0] < 0.4 or tried[3] - tried[2] < 0.4:
                continue
            if (value := at(tried)) > best + 1e-4:
                best, edges, better = value, tried, True
        if not better:
            if best < HOPELESS:
                break
            step /= 2
    return best, ((edges[0], edges[1]), (edges[2], edges[3]))


def _target(picture: Floats, mirror: int) -> Floats:
    full = _basis((0.0, 1.0), FINE)
    return _fine(full @ picture @ full.T) * _signs(mirror)


def _alike(whole: Floats, rows: Interval, columns: Interval, target: Floats) -> float:
    own = _fine(_basis(rows, FINE) @ whole @ _basis(columns, FINE).T)
    sizes = sqrt(np.vdot(own, own)), sqrt(np.vdot(target, target))
    return 0.0 if min(sizes) < PLAIN_BELOW else float(np.vdot(own, target)) / (sizes[0] * sizes[1])


def _fine(cosines: Floats) -> Floats:
    """Without the lowest cosines, and all on one scale: in photographs the low ones are much larger."""
    return cosines * _weights()


@cache
def _weights() -> Floats:
    frequency = np.add.outer(np.arange(FINE), np.arange(FINE)).astype(np.float64)
    return np.where(frequency < LOW, 0.0, frequency) / FINE


@cache
def _signs(mirror: int) -> Floats:
    odd = (-1.0) ** np.arange(FINE)
    down = odd if mirror in (2, 3) else np.ones(FINE)
    across = odd if mirror in (1, 3) else np.ones(FINE)
    return np.outer(down, across)


@cache
def _crop_basis() -> Floats:
    return np.stack([_basis(interval, BITS) for interval in intervals()])


@lru_cache(maxsize=4096)  # a close look tries the same few crops again and again
def _basis(interval: Interval, count: int) -> Floats:
    """The first cosines of what lies in an interval of a side, as weights of the side's cells."""
    parts = 2 * count
    edges = np.linspace(interval[0] * SIDE, interval[1] * SIDE, parts + 1)
    below = np.clip(edges[:, None] - np.arange(SIDE)[None, :], 0.0, 1.0)  # how much of each cell lies before
    share = np.diff(below, axis=0) * parts / max(1e-9, edges[-1] - edges[0])
    weights: Floats = _cosines(count, parts) @ share
    return weights


@cache
def _cosines(count: int, parts: int) -> Floats:
    at = (np.arange(parts) + 0.5) * np.pi / parts
    rows: Floats = np.cos(np.outer(np.arange(count), at)) * np.sqrt(2.0 / parts)
    rows[0] /= np.sqrt(2.0)
    return rows
