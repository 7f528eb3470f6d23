"""Outlines: those of a well-known library, on photographs; white on black; none where there are none."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from manifests.outlines import NEAR, Mask, agreement, edges, outlines

TOLERANCE = 1  # pixels: each library thins ridges in its own way


def near(mask: Mask) -> Mask:
    """Within TOLERANCE of it."""
    from scipy.ndimage import binary_dilation  # type: ignore[import-untyped]

    grown: Mask = binary_dilation(mask, np.ones((3, 3), bool), iterations=TOLERANCE)
    return grown


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_they_are_cannys_on_photographs(name: str) -> None:
    from skimage import data, feature

    photo = Image.fromarray(getattr(data, name)()).convert("RGB").resize((256, 256))
    ours = edges(photo)
    gray = np.asarray(photo.convert("L")) / 255
    canny: Any = feature.canny
    theirs = canny(gray, sigma=1.4, low_threshold=0.12, high_threshold=0.32)  # a step is 4 there, 1 here
    assert (ours & near(theirs)).sum() / ours.sum() > 0.88
    assert (theirs & near(ours)).sum() / theirs.sum() > 0.88


def test_a_disc_has_one_thin_closed_outline() -> None:
    picture = Image.new("RGB", (96, 96), "white")
    ImageDraw.Draw(picture).ellipse((20, 20, 75, 75), fill="navy")
    found = edges(picture)
    y, x = np.nonzero(found)
    radius = np.hypot(y - 47.5, x - 47.5)
    assert abs(radius - 27.5).max() < 2
    assert 150 < found.sum() < 1.4 * 2 * np.pi * 27.5  # one pixel wide: diagonals have corners
    angles = np.sort(np.arctan2(y - 47.5, x - 47.5))
    assert np.diff(angles).max() < 0.1


def test_what_is_plain_or_nearly_has_none_and_the_picture_is_white_on_black() -> None:
    assert not edges(Image.new("RGB", (64, 48), "teal")).any()
    slope = Image.fromarray(np.tile(np.linspace(90, 150, 128).astype(np.uint8), (64, 1)))
    assert not edges(slope).any()
    drawn = outlines(Image.effect_noise((64, 48), 90))
    assert (drawn.mode, drawn.size) == ("L", (64, 48))
    assert set(np.unique(np.asarray(drawn))) == {0, 255}


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2)])
def test_any_size_is_taken(size: tuple[int, int]) -> None:
    assert edges(Image.new("RGB", size, "red")).shape == size[::-1]


def test_agreement_is_1_for_the_same_or_a_little_beside_and_falls_with_what_is_missing_or_added() -> None:
    square = np.zeros((64, 64), bool)
    square[20, 16:48] = square[44, 16:48] = square[20:45, 16] = square[20:45, 47] = True
    half = square.copy()
    half[:, :32] = False
    assert agreement(square, square) == 1.0
    assert agreement(np.roll(square, NEAR, 1), square) > 0.95
    assert agreement(np.roll(square, 12, 1), square) < 0.7
    assert 0.5 < agreement(half, square) < 0.8
    assert agreement(half, square) == agreement(square, half)
    assert agreement(np.zeros((64, 64), bool), square) == 0.0
