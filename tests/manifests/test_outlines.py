"""Outlines: those of a well-known library, on photographs; white on black; none where there are none."""

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from manifests.outlines import NEAR, Mask, agreement, are_outlines, edges, followed, marked, outlines

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


def winding(side: int, head: int) -> Image.Image:
    """A long faint band in many turns, whose first pixels are `head` light; the band is 138 on 110."""
    picture = np.full((side, side), 110, np.uint8)
    turns = range(8, side - 24, 16)
    for number, top in enumerate(turns):
        picture[top : top + 8, 8 : side - 8] = 138
        if top != turns[-1]:
            left = side - 16 if number % 2 == 0 else 8
            picture[top : top + 24, left : left + 8] = 138
    picture[8:16, 8:68] = np.linspace(head, 138, 60)[None]
    return Image.fromarray(picture)


@pytest.mark.parametrize("side", [128, 1024])
def test_a_faint_line_is_followed_to_its_end_from_where_it_is_clear_and_not_seen_without(side: int) -> None:
    found = edges(winding(side, 200))
    assert found[-40:].any()
    assert (found.sum(1) > 0).mean() > 0.6
    assert not edges(winding(side, 138)).any()


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


def test_more_smoothing_leaves_the_larger_outlines() -> None:
    picture = Image.new("RGB", (96, 96), "white")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((10, 10, 60, 60), fill="navy")
    for x in range(66, 94, 4):
        pen.line((x, 0, x, 95), fill="black")
    fine, coarse = (marked(outlines(picture, smoothing)) for smoothing in (0.8, 4.0))
    assert fine[:, 64:].sum() > 300
    assert coarse[:, 66:].sum() < 100  # only the hatching's rim
    assert agreement(fine[:64, :62], coarse[:64, :62]) > 0.7


def test_a_picture_of_outlines_is_known_by_its_black_and_white() -> None:
    found = outlines(Image.effect_noise((64, 48), 90))
    assert are_outlines(found)
    assert are_outlines(found.convert("RGB"))
    for other in (
        Image.new("L", (8, 8)),
        Image.new("L", (8, 8), 255),
        Image.new("RGB", (8, 8), "red"),
        Image.eval(found, lambda value: 255 - value),
        Image.eval(found, lambda value: value // 2),
    ):
        assert not are_outlines(other)


def test_a_picture_keeps_all_of_its_own_outlines_and_little_of_others() -> None:
    disc, box = (Image.new("RGB", (96, 96), "white") for _ in range(2))
    ImageDraw.Draw(disc).ellipse((20, 20, 75, 75), fill="navy")
    ImageDraw.Draw(box).rectangle((5, 5, 30, 90), fill="navy")
    assert followed(disc, outlines(disc)) == 1.0
    assert followed(disc.resize((48, 48)), outlines(disc)) > 0.8  # fitted, as for drawing
    assert followed(box, outlines(disc)) < 0.3
    assert followed(Image.new("RGB", (96, 96)), outlines(disc)) == 0.0
