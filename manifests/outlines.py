"""The outlines of a picture, white on black: what a ControlNet is led by.

Rule: outlines are a function of the pixels alone, and the same on every machine. The way is Canny's ("A
computational approach to edge detection", 1986): smooth, take the gradient, keep its ridges, then keep a weak
ridge only where it touches a strong one. It is written here since the libraries that have it bring a hundred
megabytes for this one function; a test compares it with scikit-image's.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from manifests.pictures import fit

SMOOTHING = 1.4  # pixels: finer grain than this is no outline
STRONG, WEAK = 0.08, 0.03  # of a step from black to white
NEAR = 2  # pixels by which an outline may lie beside another and still be the same

LEVEL = 128  # from this gray on a pixel of a picture of outlines is an outline
MOST_WHITE = 0.5  # a picture of outlines is more black than white

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def outlines(picture: Image.Image, smoothing: float = SMOOTHING) -> Image.Image:
    """A picture of the same size, mode "L": 255 on an outline, 0 elsewhere."""
    return drawn(edges(picture, smoothing))


def drawn(mask: Mask) -> Image.Image:
    """The picture of these outlines."""
    return Image.fromarray(mask.astype(np.uint8) * np.uint8(255))


def marked(picture: Image.Image) -> Mask:
    """Where a picture of outlines has them. (h, w)"""
    return np.asarray(picture.convert("L")) >= LEVEL


def are_outlines(picture: Image.Image) -> bool:
    """Whether a picture is one of outlines: black and white alone, some of it white, most of it black."""
    gray = np.asarray(picture.convert("RGB"))
    if not ((gray == 0) | (gray == 255)).all() or not (gray == gray[..., :1]).all():
        return False
    return bool(0 < (gray[..., 0] == 255).mean() < MOST_WHITE)


def agreement(one: Mask, other: Mask) -> float:
    """How much two pictures' outlines are the same, from 0 to 1: the F1 of what lies within NEAR pixels."""
    if not one.any() or not other.any():
        return float(not one.any() and not other.any())
    precise = (one & _near(other)).sum() / one.sum()
    found = (other & _near(one)).sum() / other.sum()
    return float(2 * precise * found / max(precise + found, 1e-9))


def followed(picture: Image.Image, led: Image.Image) -> float:
    """How much a picture keeps of the outlines that led it, which are fitted to its size as for drawing."""
    return agreement(edges(picture), marked(fit(led, *picture.size)))


def edges(picture: Image.Image, smoothing: float = SMOOTHING) -> Mask:
    """Where the outlines are; more smoothing leaves fewer, the larger ones. (h, w)"""
    gray = picture.convert("L").filter(ImageFilter.GaussianBlur(smoothing))
    light = np.pad(np.asarray(gray, np.float32) / np.float32(255), 1, mode="edge")
    down, across = _gradient(light)
    steep = np.hypot(down, across)
    ridges = _ridges(steep, down, across)
    return _connected(ridges & (steep > STRONG), ridges & (steep > WEAK))


def _gradient(light: Floats) -> tuple[Floats, Floats]:
    """Sobel's differences, 1 for a step from black to white. (h + 2, w + 2) -> down, across (h, w)"""
    rows = light[:-2] + np.float32(2) * light[1:-1] + light[2:]  # smoothed down
    columns = light[:, :-2] + np.float32(2) * light[:, 1:-1] + light[:, 2:]
    quarter = np.float32(0.25)
    return (columns[2:] - columns[:-2]) * quarter, (rows[:, 2:] - rows[:, :-2]) * quarter


def _ridges(steep: Floats, down: Floats, across: Floats) -> Mask:
    """Where the gradient is steeper than on both sides of the outline, to the nearest of four directions."""
    high, wide = steep.shape
    around = np.pad(steep, 1)
    direction = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 4  # eighths of a turn
    ridge = np.zeros(steep.shape, bool)
    for eighth, (y, x) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        before = around[1 - y : 1 - y + high, 1 - x : 1 - x + wide]
        after = around[1 + y : 1 + y + high, 1 + x : 1 + x + wide]
        ridge |= (direction == eighth) & (steep >= before) & (steep > after)
    return ridge


def _connected(strong: Mask, weak: Mask) -> Mask:
    """The weak pixels that a chain of weak ones joins to a strong one; the strong ones are weak too.

    Each pixel comes to know the first one of its chain: neighbours take over the smaller number, and then the
    number of that number, so that the longest line needs a few rounds and not one for each of its pixels.
    """
    high, wide = weak.shape
    number = np.full(weak.shape, -1)
    number[weak] = np.arange(weak.sum())
    pairs = []
    for y, x in ((0, 1), (1, -1), (1, 0), (1, 1)):
        here = number[: high - y, max(0, -x) : wide - max(0, x)]
        there = number[y:, max(0, x) : wide + min(0, x)]
        both = (here >= 0) & (there >= 0)
        pairs.append(np.stack([here[both], there[both]]))
    one, other = np.concatenate(pairs, axis=1)
    first = np.arange(weak.sum())
    while (first[one] != first[other]).any():
        ours, theirs = first[one], first[other]
        np.minimum.at(first, np.maximum(ours, theirs), np.minimum(ours, theirs))
        while (first[first] != first).any():
            first = first[first]
    reached = np.zeros(first.shape, bool)
    reached[first[strong[weak]]] = True
    kept = np.zeros(weak.shape, bool)
    kept[weak] = reached[first]
    return kept


def _near(mask: Mask) -> Mask:
    for _ in range(NEAR):
        mask = _widened(mask)
    return mask


def _widened(mask: Mask) -> Mask:
    """With the eight neighbours of each pixel."""
    down = mask.copy()
    down[1:] |= mask[:-1]
    down[:-1] |= mask[1:]
    both = down.copy()
    both[:, 1:] |= down[:, :-1]
    both[:, :-1] |= down[:, 1:]
    return both
