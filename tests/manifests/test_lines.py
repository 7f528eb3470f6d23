"""A drawing's lines: each stroke is one line a pixel wide, whatever the pen and the light on the paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from manifests.lines import lines, thinned
from manifests.outlines import are_outlines, edges, marked


def drawing(pen: int, shade: bool = False) -> Image.Image:
    """A ring and a cross drawn on white paper, perhaps with a shadow over it."""
    picture = Image.new("L", (128, 128), 245)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 20, 100, 100), outline=30, width=pen)
    draw.line((10, 110, 118, 118), fill=30, width=pen)
    if shade:
        shadow = np.tile(np.linspace(1.0, 0.5, 128), (128, 1))
        picture = Image.fromarray((np.asarray(picture) * shadow).astype(np.uint8))
    return picture


@pytest.mark.parametrize("pen", [1, 2, 4, 6])
@pytest.mark.parametrize("shade", [False, True])
def test_a_stroke_is_one_line_where_outlines_would_be_two(pen: int, shade: bool) -> None:
    found = marked(lines(drawing(pen, shade)))
    row = found[60]  # through the ring
    assert np.count_nonzero(np.diff(row.astype(int)) == 1) == 2
    assert found.sum() < 450  # about the ring's and the line's length
    assert are_outlines(lines(drawing(pen, shade)))
    if pen >= 4:
        assert np.count_nonzero(np.diff(edges(drawing(pen))[60].astype(int)) == 1) == 4


def test_paper_alone_has_no_lines() -> None:
    assert lines(Image.new("RGB", (64, 64), "white")).getbbox() is None
    slope = Image.fromarray(np.tile(np.linspace(255, 120, 128).astype(np.uint8), (64, 1)))
    assert lines(slope).getbbox() is None


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2)])
def test_any_size_is_taken(size: tuple[int, int]) -> None:
    assert lines(Image.new("RGB", size, "red")).size == size


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.9))
def test_thinning_only_takes_away_and_breaks_nothing(seed: int, part: float) -> None:
    from scipy.ndimage import label  # type: ignore[import-untyped]

    mask = np.random.default_rng(seed).random((12, 15)) < part
    thin = thinned(mask)
    assert not (thin & ~mask).any()
    assert label(thin, np.ones((3, 3)))[1] <= label(mask, np.ones((3, 3)))[1]
    assert (thinned(thin) == thin).all()
