"""Measurements on pixels, each with its definition beside it. Rule: the same pixels give the same numbers.

Sharpness is taken at the picture's own size, at most 512 pixels long, so that a photograph of twelve
million pixels and one of 128 x 128 can be compared at all; everything else at 128 x 128.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from lab.judge.findings import Measurements, Swatch
from lab.models.mini.vocabulary import Rgb, vocabulary

Floats = NDArray[np.float64]

LONGEST = 512  # pixels of the longer side, for sharpness
SIDE = 128  # pixels, for everything else
SQUARE = 8  # pixels of a square's side, for emptiness: 16 x 16 squares
BLACK, WHITE = 2, 253  # luma at and beyond which nothing more can be told apart
CALM = 3.0  # a square is empty if each channel's standard deviation in it is below this, of 255
LEAST = 0.01  # share below which a colour is left out of the palette

# More tones of some of the vocabulary's colours, which are one each.
MORE_COLORS: dict[str, tuple[Rgb, ...]] = {
    "gray": ((128, 128, 128), (80, 80, 84)),
    "brown": ((120, 74, 42), (84, 52, 32), (160, 110, 70)),
}


def measure(picture: Image.Image) -> Measurements:
    """All measurements of an RGB picture of any size."""
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    luma = np.asarray(small.convert("L"), np.float64)
    return Measurements(
        palette=palette(small),
        sharpness=round(sharpness(picture), 1),
        contrast=round(float(luma.std()) / 255, 3),
        brightness=round(float(luma.mean()) / 255, 3),
        clipped_shadows=round(float((luma <= BLACK).mean()), 3),
        clipped_highlights=round(float((luma >= WHITE).mean()), 3),
        emptiness=round(emptiness(small), 3),
    )


def sharpness(picture: Image.Image) -> float:
    """Variance of the Laplacian (four neighbours, edges repeated) of the luma, 0 to 255."""
    reduced = picture.convert("L")
    reduced.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX, reducing_gap=None)
    y = np.pad(np.asarray(reduced, np.float64), 1, mode="edge")
    laplacian = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]
    return float(laplacian.var())


def emptiness(small: Image.Image) -> float:
    """Share of the squares of a (128, 128) picture in which no channel moves."""
    n = SIDE // SQUARE
    squares = np.asarray(small, np.float64).reshape(n, SQUARE, n, SQUARE, 3)
    return float((squares.std((1, 3)) < CALM).all(-1).mean())


def palette(small: Image.Image) -> tuple[Swatch, ...]:
    """Named colours by share, the largest first: each pixel counts for the nearest reference in CIELAB."""
    names, references = _references()
    pixels = _lab(small).reshape(-1, 1, 3)
    nearest = ((pixels - references) ** 2).sum(-1).argmin(1)
    counts: dict[str, int] = {}
    for reference, count in zip(*np.unique(nearest, return_counts=True), strict=True):
        counts[names[reference]] = counts.get(names[reference], 0) + int(count)
    shares = {name: count / len(pixels) for name, count in counts.items()}
    kept = sorted(((share, name) for name, share in shares.items() if share >= LEAST), reverse=True)
    return tuple(Swatch(name=name, share=round(share, 3)) for share, name in kept)


@cache
def _references() -> tuple[list[str], Floats]:
    """Names and CIELAB values: each colour as `mini` paints objects, and as it paints backgrounds."""
    words = vocabulary()
    pairs = [*words.colors.items(), *words.backgrounds.items()]
    pairs += [(name, rgb) for name, several in MORE_COLORS.items() for rgb in several]
    row = Image.fromarray(np.array([[rgb for _, rgb in pairs]], np.uint8))
    return [name for name, _ in pairs], _lab(row)[0]


def _lab(picture: Image.Image) -> Floats:
    """(h, w, 3): L in 0..100, a and b in -128..127."""
    values = np.asarray(ImageCms.applyTransform(picture, _to_lab()))  # type: ignore[arg-type]
    lightness = values[..., :1].astype(np.float64) * (100 / 255)
    return np.concatenate([lightness, values[..., 1:].view(np.int8).astype(np.float64)], axis=-1)


@cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
