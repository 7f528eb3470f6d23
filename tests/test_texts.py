"""The two catalogues of every package say the same things: same keys, same placeholders, none empty."""

import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest

from exercises.i18n import LANGUAGES, Language, catalogue

ROOT = Path(__file__).parents[1]
PACKAGES = sorted(
    folder.parent.name for folder in ROOT.glob("*/texts") if (folder.parent / "__init__.py").exists()
)


def placeholders(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_packages_with_texts_are_found():
    assert {"exercises", "manifests"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_have_the_same_keys(package: str):
    english, french = (set(catalogue(package, language)) for language in LANGUAGES)
    assert english == french


@pytest.mark.parametrize("package", PACKAGES)
def test_both_languages_have_the_same_placeholders(package: str):
    english, french = (catalogue(package, language) for language in LANGUAGES)
    different = {
        key: (english[key], french[key])
        for key in english.keys() & french.keys()
        if set(placeholders(english[key])) != set(placeholders(french[key]))
    }
    assert different == {}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_a_nameless_placeholder(package: str, language: Language):
    texts = catalogue(package, language)
    assert [key for key, text in texts.items() if not text.strip()] == []
    assert [key for key, text in texts.items() if "" in placeholders(text)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_french_punctuation_does_not_begin_a_line(package: str):
    """Before : ; ? ! » and after « stands a space that does not break."""
    breaks = re.compile(r"\S [:;?!»](?![-=\w])|« ")
    assert {key: text for key, text in catalogue(package, "fr").items() if breaks.search(text)} == {}
