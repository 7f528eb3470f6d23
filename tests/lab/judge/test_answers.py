"""What is said of a picture follows from what was seen, in both languages, in words and in fields."""

import re
from typing import Any

import pytest
from pydantic import BaseModel

from exercises.i18n import LANGUAGES, Language, catalogue
from lab.judge.answers import (
    FIELDS,
    TASKS,
    AltText,
    Description,
    Improved,
    Missing,
    NoPrompt,
    Quality,
    fields,
    long_alt,
    short_alt,
    text,
)
from lab.judge.measure import MORE_COLORS
from lab.judge.prompts import check_prompt
from lab.judge.quality import (
    CRITERIA,
    artifacts,
    ecommerce_usability,
    prompt_adherence,
    reproducibility,
    visual_realism,
)
from lab.models.mini.vocabulary import vocabulary
from tests.lab.judge.looks import look, seen

UNSURE = seen("cat", 0.1, 0.5, "dog", "fox")
MODELS: dict[str, type[BaseModel]] = {
    "describe": Description,
    "quality": Quality,
    "missing": Missing,
    "alt_text": AltText,
    "text": Description,
    "improve": Improved,
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_be_seen_has_a_name(language: Language):
    texts, words = catalogue("lab", language), vocabulary()
    needed = [f"object.{name}" for name in words.objects]
    needed += [f"colored.{name}" for name in words.colors]
    needed += [f"background.{name}" for name in words.backgrounds]
    needed += [f"color.{name}" for name in {*words.colors, *words.backgrounds, *MORE_COLORS}]
    assert [key for key in needed if not texts.get(key)] == []
    names = [text for key, text in texts.items() if key.startswith("object.")]
    assert len(names) == len(set(names)) == len(words.objects)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Headphones in black on a gray background."),
        ("fr", "Un casque audio de couleur noire sur fond gris."),
    ],
)
def test_a_short_alternative_text_is_the_scene(language: Language, said: str):
    assert short_alt(look(language=language)) == said


def test_what_is_not_sure_is_not_named():
    unsure = look(UNSURE, seen("red", 0.5, 0.8), seen("gray", 0.97, 0.8))
    assert short_alt(unsure) == "An object on a gray background."
    values = fields(unsure, ["object", "object_color", "background_color"])
    assert values == {"object": "not sure", "object_color": "not sure", "background_color": "gray"}
    assert "a cat (10%)" in text(unsure, "describe")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alternative_text_does_not_say_that_it_is_an_image(language: Language):
    for draft in (short_alt(look(language=language)), long_alt(look(language=language))):
        assert not re.search(r"image|picture of|photo", draft.split(".")[0], re.IGNORECASE)
    assert long_alt(look(language=language)).startswith(short_alt(look(language=language)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_each_task_fills_its_type_and_has_words(task, language: Language):
    asked = look(language=language, prompt="black headphones on a gray background")
    MODELS[task].model_validate(fields(asked, TASKS[task]))
    assert set(TASKS[task]) == set(MODELS[task].model_fields)
    words = text(asked, task)
    assert words
    assert "{" not in words


def test_no_two_types_use_one_name_for_two_things():
    own = {model: model.__annotations__ for model in set(MODELS.values())}  # not those of a base
    names = [name for fields_of in own.values() for name in fields_of]
    assert len(names) == len(set(names))
    assert set(names) <= set(FIELDS)


@pytest.mark.parametrize(
    ("prompt", "parts", "not_checked"),
    [
        (
            "a red backpack on a gray background, studio lighting",
            [("object", "not_found"), ("color", "not_found"), ("background", "found")],
            ["studio lighting"],
        ),
        ("black headphones", [("object", "found"), ("color", "found")], []),
        ("gray background", [("background", "found")], []),
        ("two headphones on white", [("object", "found"), ("background", "not_found")], ["two"]),
        ("un casque noir", [("object", "found"), ("color", "found")], []),
        ("a cat and a red dog", [("object", "not_found"), ("color", "not_found")], ["a dog"]),
        ("a sleek cat on the left", [("object", "not_found")], ["on the left", "sleek"]),
        ("", [], []),
    ],
)
def test_of_a_prompt_the_object_its_colour_and_the_background_are_looked_for(
    prompt: str, parts: list[tuple[str, str]], not_checked: list[str]
):
    found = check_prompt(look(prompt=prompt))
    assert found is not None
    assert [(part.kind, part.status) for part in found.parts] == parts
    assert list(found.not_checked) == not_checked


def test_what_is_not_looked_for_is_told_in_the_readers_words():
    found = check_prompt(
        look(language="fr", prompt="deux casques noirs brillants et un vélo, éclairage de studio")
    )
    assert found is not None
    assert found.of("found") == ["un casque audio", "l’objet en noir"]
    assert list(found.not_checked) == ["deux", "un vélo", "éclairage studio", "brillants"]


def test_without_the_prompt_nothing_is_missing_and_that_is_said():
    assert check_prompt(look()) is None
    with pytest.raises(NoPrompt):
        fields(look(), ["missing"])
    with pytest.raises(NoPrompt):
        text(look(), "missing")
    score = prompt_adherence(look())
    assert score.score is None
    assert "prompt" in score.reason


@pytest.mark.parametrize(
    ("prompt", "asked", "score"),
    [
        ("black headphones on a gray background", {}, 2),
        ("red headphones on a gray background", {}, 1),
        ("a black cat on a gray background", {}, 0),
        ("a black cat on a gray background", {"object_": UNSURE}, 1),
        ("something nice", {}, None),
    ],
)
def test_adherence_is_scored_by_what_is_there(prompt: str, asked: dict[str, Any], score: int | None):
    assert prompt_adherence(look(prompt=prompt, **asked)).score == score


def test_a_wrong_object_is_named():
    assert "headphones" in prompt_adherence(look(prompt="a black cat")).reason


@pytest.mark.parametrize(("sharpness", "score"), [(14.9, 0), (15.0, 1), (5000.0, 1)])
def test_realism_is_never_full_and_nothing_if_blurred(sharpness: float, score: int):
    assert visual_realism(look(sharpness=sharpness)).score == score


@pytest.mark.parametrize(("probability", "score"), [(0.5, 2), (0.49, 1), (0.2, 1), (0.19, 0)])
def test_artifacts_are_scored_by_how_recognisable_the_object_is(probability: float, score: int):
    assert artifacts(look(seen("cat", probability, 0.5, "dog"))).score == score


@pytest.mark.parametrize(
    ("changes", "score"),
    [
        ({}, 2),
        ({"background": seen("white", 0.9, 0.8)}, 2),
        ({"background": seen("red", 0.9, 0.8)}, 1),
        ({"background": seen("white", 0.5, 0.8)}, 1),
        ({"sharpness": 49.0}, 1),
        ({"emptiness": 0.2}, 1),
        ({"emptiness": 0.9}, 1),
        ({"clipped_shadows": 0.1}, 1),
        ({"clipped_highlights": 0.6}, 2),
        ({"object_": UNSURE, "sharpness": 10.0}, 0),
        ({"object_": UNSURE, "sharpness": 10.0, "emptiness": 0.1}, 0),
    ],
)
def test_a_shop_wants_a_known_sharp_object_on_a_neutral_ground(changes: dict[str, Any], score: int):
    assert ecommerce_usability(look(**changes)).score == score


def test_reproducibility_is_not_to_be_seen():
    assert reproducibility(look()).score is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_score_has_a_reason(language: Language):
    values = fields(look(UNSURE, language=language, prompt="a cat"), CRITERIA)
    assert all(value["reason"] for value in values.values())  # type: ignore[index]


def test_numbers_are_written_as_the_reader_writes_them():
    assert "0.18" in text(look(), "describe")
    assert "0,18" in text(look(language="fr"), "describe")
