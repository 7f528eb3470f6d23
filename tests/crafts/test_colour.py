"""Colours: CIELAB as an independent library has it, contrast as WCAG computes it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import rgb2lab

from crafts import colour
from exercises.i18n import LANGUAGES, translator

HEX = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=30))
def test_cielab_is_what_scikit_image_has_to_a_hundredth(levels: list[tuple[int, int, int]]) -> None:
    pixels = np.array([levels], dtype=np.uint8)
    assert np.abs(colour.lab_of(pixels) / colour.UNIT - rgb2lab(pixels)).max() < 0.02


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.47),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ff0000", 1),
    ],
)
def test_contrast_is_wcags_and_never_rounded_up(one: str, other: str, ratio: float) -> None:
    assert colour.contrast(one, other) == colour.contrast(other, one) == ratio


@given(HEX)
def test_every_colour_has_a_name_in_both_languages_and_a_text_that_is_read_on_it(given_: str) -> None:
    lightness, hue = colour.word_of(given_)
    for language in LANGUAGES:
        t = translator("crafts", language)
        assert t(f"colour.{lightness}", colour=t(f"hue.{hue}"))
    assert colour.contrast(given_, colour.text_on(given_)) >= colour.AA_TEXT


@pytest.mark.parametrize(
    ("given_", "word"),
    [
        ("#ff0000", "red"), ("#0000ff", "blue"), ("#00a000", "green"), ("#ffe000", "yellow"),
        ("#ff8000", "orange"),
        ("#ffffff", "white"), ("#000000", "black"), ("#808080", "grey"), ("#ffb6c1", "pink"),
        ("#6b4423", "brown"),
        ("#800080", "purple"), ("#40e0d0", "turquoise"),
    ],
)  # fmt: skip
def test_plain_colours_have_their_plain_names(given_: str, word: str) -> None:
    assert colour.word_of(given_)[1] == word


@pytest.mark.parametrize(
    "text", ["#12345", "#1234567", "123456", "#12345g", "#ABCDEF", "red", "", "#123456\n"]
)
def test_what_is_no_hexadecimal_colour_is_none(text: str) -> None:
    assert not colour.is_hex(text)
