"""Each number means what its definition says, on pictures whose numbers are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from lab.judge.measure import SIDE, emptiness, measure, palette, sharpness
from lab.models.mini.vocabulary import vocabulary

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))


def flat(*rgb: int, size: tuple[int, int] = (SIDE, SIDE)) -> Image.Image:
    return Image.new("RGB", size, rgb)


def test_a_flat_picture_has_nothing_in_it():
    measured = measure(flat(120, 120, 120))
    assert (measured.sharpness, measured.contrast, measured.emptiness) == (0, 0, 1)
    assert measured.brightness == round(120 / 255, 3)
    assert [swatch.model_dump() for swatch in measured.palette] == [{"name": "gray", "share": 1.0}]


def test_black_and_white_halves_are_clipped_and_have_the_greatest_contrast():
    picture = flat(0, 0, 0)
    picture.paste((255, 255, 255), (0, 0, SIDE // 2, SIDE))
    measured = measure(picture)
    assert (measured.clipped_shadows, measured.clipped_highlights) == (0.5, 0.5)
    assert (measured.contrast, measured.brightness) == (0.5, 0.5)
    assert {swatch.name: swatch.share for swatch in measured.palette} == {"black": 0.5, "white": 0.5}


@pytest.mark.parametrize("gray", [2, 253])
def test_what_is_nearly_black_or_white_counts_as_clipped(gray: int):
    measured = measure(flat(gray, gray, gray))
    assert measured.clipped_shadows + measured.clipped_highlights == 1


@pytest.mark.parametrize("gray", [3, 252])
def test_what_can_still_be_told_apart_does_not(gray: int):
    measured = measure(flat(gray, gray, gray))
    assert measured.clipped_shadows + measured.clipped_highlights == 0


@pytest.mark.parametrize("name", vocabulary().colors)
def test_a_colour_mini_paints_objects_in_has_its_own_name(name: str):
    assert palette(flat(*vocabulary().colors[name]))[0].name == name


@pytest.mark.parametrize("name", vocabulary().backgrounds)
def test_a_colour_mini_paints_backgrounds_in_has_its_own_name(name: str):
    assert palette(flat(*vocabulary().backgrounds[name]))[0].name == name


def test_brown_is_no_dark_orange():
    assert palette(flat(101, 67, 33))[0].name == "brown"


def test_a_little_of_a_colour_is_left_out_of_the_palette_and_shares_stay_of_the_whole():
    picture = flat(255, 255, 255)
    picture.paste(vocabulary().colors["red"], (0, 0, 8, 8))  # 0.4 %
    (white,) = palette(picture)
    assert white.share == pytest.approx(1 - 64 / SIDE**2, abs=0.001)


def test_the_laplacian_of_a_lone_white_pixel_has_the_variance_computed_by_hand():
    picture = flat(0, 0, 0, size=(5, 5))
    picture.putpixel((2, 2), (255, 255, 255))
    values = np.zeros(25)
    values[:5] = (-4 * 255, 255, 255, 255, 255)
    assert sharpness(picture) == pytest.approx(values.var())


def test_blur_makes_less_sharp_each_time():
    blurred = [sharpness(NOISE.filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 1, 2, 4)]
    assert blurred == sorted(blurred, reverse=True)
    assert len(set(blurred)) == 4


def test_a_square_with_something_in_it_is_not_empty():
    picture = flat(200, 200, 200)
    picture.putpixel((3, 3), (0, 0, 0))
    assert emptiness(picture) == 255 / 256
    assert emptiness(NOISE) == 0


def test_a_colour_that_moves_at_constant_brightness_is_not_empty():
    picture = flat(128, 128, 128)
    for i in range(0, SIDE, 2):
        picture.paste((148, 118, 128), (i, 0, i + 1, SIDE))
    assert emptiness(picture) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 2**32 - 1))
def test_a_picture_of_any_size_has_numbers_within_their_bounds_and_the_same_ones_again(
    width: int, height: int, seed: int
):
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    before = picture.tobytes()
    measured = measure(picture)  # its type holds the bounds
    assert measure(picture) == measured
    assert 0.9 < sum(swatch.share for swatch in measured.palette) < 1.01  # each is rounded
    assert picture.tobytes() == before
