"""Which colour of a prompt is the object's, and which the background's, in both languages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES, Language, catalogue, translator
from lab.judge.prompts import MOST_PROMPT, asked_for
from lab.models.mini.vocabulary import vocabulary


def asked(object_: str | None, color: str | None, background: str | None) -> dict[str, str]:
    named = {"object": object_, "color": color, "background": background}
    return {kind: token for kind, token in named.items() if token is not None}


@pytest.mark.parametrize(
    ("prompt", "object_", "color", "background"),
    [
        # English: the colour stands before
        ("black headphones on a gray background", "headphones", "black", "gray"),
        ("black headphones, gray background", "headphones", "black", "gray"),
        ("gray background, black headphones", "headphones", "black", "gray"),
        ("headphones on a gray background", "headphones", None, "gray"),
        ("black headphones on gray", "headphones", "black", "gray"),
        ("on gray, black headphones", "headphones", "black", "gray"),
        ("black headphones", "headphones", "black", None),
        ("gray background", None, None, "gray"),
        ("a backpack in red", "backpack", "red", None),
        ("a small red backpack at the top, soft shadow, white background", "backpack", "red", "white"),
        ("a cat on a red chair", "cat", "red", None),
        ("a cat on a red chair, blue background", "cat", "red", "blue"),
        ("a brown cat on a gray couch", "cat", "brown", None),
        # French: behind
        ("un casque noir sur un fond gris", "headphones", "black", "gray"),
        ("un casque noir, fond gris", "headphones", "black", "gray"),
        ("fond gris, casque noir", "headphones", "black", "gray"),
        ("un casque sur fond gris", "headphones", None, "gray"),
        ("un casque, fond gris", "headphones", None, "gray"),
        ("un casque noir sur gris", "headphones", "black", "gray"),
        ("sur gris, un casque noir", "headphones", "black", "gray"),
        ("deux petits sacs à dos roses à gauche, arrière-plan bleu", "backpack", "pink", "blue"),
        ("une rose rouge devant un fond rose", "rose", "red", "pink"),
        ("une rose sur fond blanc", "rose", None, "white"),
        ("éclairage studio, une orange, fond turquoise", "tangerine", None, "turquoise"),
        # both
        ("un casque noir on a white background", "headphones", "black", "white"),
        ("red and black backpack", "backpack", "black", None),
        ("on a background", None, None, None),
        ("", None, None, None),
    ],
)
def test_object_its_colour_and_the_backgrounds_are_told_apart(
    prompt: str, object_: str | None, color: str | None, background: str | None
):
    assert asked_for(prompt) == asked(object_, color, background)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_prompt_in_the_catalogues_words_is_read_back(language: Language):
    t, words = translator("lab", language), vocabulary()
    colors = list(words.colors)
    for i, token in enumerate(words.objects):
        color, background = colors[i % 12], colors[(i // 12 + 5 * i + 1) % 12]
        thing, colored, behind = t(f"object.{token}"), t(f"colored.{color}"), t(f"background.{background}")
        said = f"{thing} {colored} sur {behind}" if language == "fr" else f"{colored} {thing} on {behind}"
        assert asked_for(said) == asked(token, color, background), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_that_is_not_looked_for_has_a_name(language: Language):
    words, texts = vocabulary(), catalogue("lab", language)
    grammar = set(words.tokens) - {*words.objects, *words.colors, "on", "background"}
    assert {key.removeprefix("grammar.") for key in texts if key.startswith("grammar.")} == grammar


def test_of_a_prompt_that_is_too_long_the_beginning_is_read():
    assert asked_for("x" * (MOST_PROMPT - 8) + " red cat and a dog") == {"object": "cat", "color": "red"}
    assert asked_for("x" * MOST_PROMPT + " red cat") == {}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["on", "background", "red", "gray", "cat", "dog", "two", "xyz"]), max_size=9))
def test_no_colour_is_the_objects_and_the_backgrounds(words: list[str]):
    found = asked_for(" ".join(words))
    assert found.get("object") == next((word for word in words if word in ("cat", "dog")), None)
    assert ("color" in found) + ("background" in found) <= sum(word in ("red", "gray") for word in words)
