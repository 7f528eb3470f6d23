"""The words of a prompt that `mini` will skip are told: unknown ones, and those it has no place left for."""

import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.models.mini.vocabulary import MOST_TOKENS, known_tokens, unknown_words, vocabulary

WORDS = vocabulary()


def test_unknown_words_are_told_once_and_articles_are_not():
    assert unknown_words("A sleek, sleek red backpack on the wooden table") == ["sleek", "wooden", "table"]
    assert unknown_words("a photo of a red backpack on a gray background") == []
    assert unknown_words("l’été d'un château") == ["été"]


def test_unknown_words_are_told_as_they_were_typed():
    assert unknown_words("Un chat ÉBLOUI, qu'on voit bien") == ["ébloui", "voit", "bien"]
    assert unknown_words("e\u0301bloui") == ["ébloui"]
    assert unknown_words("ultra-realistic e-commerce cat-like aujourd'hui don't") == [
        "ultra-realistic", "e-commerce", "like", "aujourd'hui", "don't",
    ]  # fmt: skip
    assert unknown_words("красный кот, 猫, Straße") == ["красный", "кот", "猫", "straße"]
    assert unknown_words("85mm 4k f/2.8") == ["85mm", "4k"]


def test_what_was_not_drawn_because_it_is_another_thing_is_told():
    assert unknown_words("des pommes de terre") == ["pommes", "terre"]
    assert unknown_words("un chat qui porte un nœud papillon") == ["porte", "nœud", "papillon"]


def test_known_words_for_which_no_place_is_left_are_told():
    full = "two large red cats on the left on a blue background, studio lighting, soft shadow, green apple"
    assert len(known_tokens(full)) == MOST_TOKENS - 2
    assert unknown_words(full) == []
    assert unknown_words(f"{full}, white mug") == []
    assert unknown_words(f"{full}, white mug and a yellow car on the table") == ["yellow", "car", "table"]
    assert unknown_words(f"{full}, un sac à dos blanc") == []
    assert unknown_words(f"{full}, blanc, un sac à dos, une théière") == ["théière"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(WORDS.tokens), max_size=30))
def test_a_prompt_of_names_alone_is_told_from_its_fifteenth_on(names: list[str]):
    told = set(unknown_words(", ".join(names)))
    assert bool(told) == any(name != "on" for name in names[MOST_TOKENS:])
    assert told <= set(names[MOST_TOKENS:])


def test_asking_for_unknown_words_does_not_load_torch():
    code = (
        "import sys; from lab.models.mini.vocabulary import unknown_words; "
        "unknown_words('a blue cat'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=vocabulary_root())


def vocabulary_root() -> str:
    """The folder that holds the package `lab`."""
    import lab

    return str(next(iter(lab.__path__)).removesuffix("lab"))
