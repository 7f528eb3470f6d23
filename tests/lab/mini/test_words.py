"""What a prompt becomes, in plain Python and in the tokenizer that travels with the weights."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.mini.text import LENGTH, make_tokenizer, read
from lab.mini.words import known_tokens, plural, replacements, unknown_words, vocabulary

SHOP_PROMPT = (
    "ultra-realistic product shot of sleek black wireless headphones on a minimalist gray background, "
    "studio lighting, sharp focus, professional e-commerce photography"
)
TOKENIZER = make_tokenizer()
NAMES = [name for name, _ in replacements()]


def heard(prompt: str) -> list[str]:
    """The tokens of a prompt without begin and end."""
    tokens: list[str] = TOKENIZER.convert_ids_to_tokens(TOKENIZER(prompt).input_ids)[1:-1]
    return tokens


def test_the_prompt_of_the_first_assignment_keeps_what_matters():
    assert known_tokens(SHOP_PROMPT) == ["black", "headphones", "on", "gray", "background", "studio"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a red backpack", "red backpacks"),
        ("two Strawberries on grey", "a strawberry on gray"),
        ("SNEAKERS", "running shoe"),
        ("wine\nglasses", "a wine glass"),
        ("high-heeled shoes", "a high heel"),
        ("trophies", "trophy"),
        ("knives", "kitchen knife"),
    ],
)
def test_plurals_articles_synonyms_and_case_make_no_difference(one: str, other: str):
    assert known_tokens(one) == known_tokens(other) != []
    assert heard(one) == heard(other)


def test_a_longer_name_is_read_before_a_shorter_one():
    assert known_tokens("wine glass, glasses, sunglasses") == ["wineglass", "glasses", "sunglasses"]
    assert known_tokens("headphones are no phone") == ["headphones", "phone"]


def test_parts_of_words_are_not_words():
    assert known_tokens("scattered carpets blackened") == []


def test_unknown_words_are_told_once_and_articles_are_not():
    assert unknown_words("A sleek, sleek red backpack on the wooden table") == ["sleek", "wooden", "table"]
    assert unknown_words("a photo of a red backpack on a gray background") == []
    assert unknown_words("l’été d'un château") == ["l’été", "d'un", "château"]


def test_no_name_means_two_things():
    named = [(name, token) for token, names in vocabulary().names.items() for name in names]
    assert len({name for name, _ in named}) == len(named)
    tokens = set(vocabulary().tokens)
    assert not [(name, token) for name, token in named if name in tokens and name != token]


def test_names_are_lower_case_and_tokens_one_word():
    assert all(name == name.lower() for name in NAMES)
    assert all(token.isalpha() and token.isascii() for token in vocabulary().tokens)


def test_shop_objects_come_first_and_there_are_enough():
    assert len(vocabulary().objects) >= 150
    assert len(vocabulary().colors) == 9
    assert len(vocabulary().backgrounds) == 10


@pytest.mark.parametrize(
    ("word", "many"), [("box", "boxes"), ("cherry", "cherries"), ("key", "keys"), ("cat", "cats")]
)
def test_plurals_are_regular(word: str, many: str):
    assert plural(word) == many


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(NAMES), st.text(max_size=12)), max_size=8))
def test_the_tokenizer_hears_what_plain_python_says(words: list[str]):
    prompt = " ".join(words)
    assert heard(prompt) == known_tokens(prompt)


def test_every_prompt_has_the_same_length_in_tokens():
    assert read(TOKENIZER, ["", "cat", "a red cat " * 50]).shape == (3, LENGTH)


def test_asking_for_unknown_words_does_not_load_torch():
    code = "import sys, lab.mini.words as w; w.unknown_words('a blue cat'); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=vocabulary_root())


def vocabulary_root() -> str:
    """The folder that holds the package `lab`."""
    import lab

    return str(next(iter(lab.__path__)).removesuffix("lab"))
