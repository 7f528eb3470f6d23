"""The rules of alternative texts, by purpose and in both languages; nothing a person writes breaks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from exercises.kinds.parts import PURPOSES
from grading.checks.alt_text_rules import LONG_AT_LEAST, count_words, faults

LONG = "The backpack is red and stands on white; it has two straps, a handle and a large pocket in front."


def keys(purpose: str, alt: str, long: str = "") -> list[str]:
    return [fault.key.removeprefix("alt_text.") for fault in faults(purpose, alt, long)]


def test_a_decorative_picture_has_nothing_not_even_a_space():
    assert keys("decorative", "") == []
    assert keys("decorative", " ") == ["not_empty"]
    assert keys("decorative", "", "long") == ["not_empty"]


@pytest.mark.parametrize(
    "alt",
    [
        "image of a bag", "An image of a bag", "The picture shows a bag", "Picture of a bag",
        "This photo shows a bag", "photograph of a bag", "A graphic depicting a bag", "Icon with a bag",
        "image d’un sac", "Image d'un sac", "Une image de sac", "Cette photo montre un sac", "Photo du sac",
        "L’image représente un sac", "L'illustration d'un sac", "Photographie des sacs", "Dessin avec un sac",
    ],
)  # fmt: skip
def test_it_does_not_say_that_it_is_a_picture(alt: str):
    assert keys("informative", alt) == ["names_the_picture"]


@pytest.mark.parametrize(
    "alt",
    [
        "A red bag", "Un sac rouge", "A photo album, open", "A picture frame of oak", "Imagery is everything",
        "Photocopieuse de bureau", "Dessinatrice à sa table", "Sac rouge, image inversée dans un miroir",
        "A red bag; beside it an image of a cat on a card",
    ],
)  # fmt: skip
def test_a_thing_whose_name_begins_alike_is_no_such_beginning(alt: str):
    assert keys("informative", alt) == []


def test_a_files_name_is_no_description():
    assert keys("informative", "IMG_0042.JPG") == ["file_name"]
    assert keys("informative", "A bag, as in bag.png") == []


@pytest.mark.parametrize("alt", ["", "  ", "…", "42"])
def test_a_text_without_a_letter_says_nothing(alt: str):
    assert keys("informative", alt) == ["empty"]
    assert keys("complex", alt, LONG) == ["empty"]


def test_only_a_complex_picture_has_a_long_text_and_a_long_one():
    assert count_words(LONG) >= LONG_AT_LEAST
    assert keys("complex", "A red bag", LONG) == []
    assert keys("complex", "A red bag", "It is red.") == ["long_missing"]
    assert keys("complex", f"{LONG} {LONG}", LONG) == ["long_missing"]
    assert keys("informative", "A red bag", LONG) == ["long_needless"]


def test_there_is_no_limit_to_the_length():
    assert keys("informative", "A red bag, " * 200) == []


@given(st.sampled_from(PURPOSES), st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_written_every_fault_has_words(purpose: str, alt: str, long: str):
    for fault in faults(purpose, alt, long):
        assert all(fault.text(language) for language in LANGUAGES)
