"""Prompts and styles: the built-in ones are whole in both languages, and an assignment may add its own."""

from pathlib import Path

import pytest

from exercises.i18n import LANGUAGES
from exercises.library import BUILT_IN, FILE, library
from exercises.toml_file import ExerciseError

OWN = """
[[prompts]]
subject = { en = "Posters", fr = "Affiches" }
text = { en = "a poster of a red car", fr = "une affiche d'une voiture rouge" }

[[styles]]
name = { en = "Poster", fr = "Affiche" }
text = { en = "flat colours", fr = "aplats de couleur" }
"""


def test_the_built_in_library_has_prompts_by_subject_and_styles(tmp_path: Path) -> None:
    built_in = library(tmp_path)
    assert len({prompt.subject("en") for prompt in built_in.prompts}) >= 3
    assert len(built_in.styles) >= 3
    for language in LANGUAGES:
        prompts = [prompt.text(language) for prompt in built_in.prompts]
        assert len(set(prompts)) == len(prompts)


def test_an_assignments_own_prompts_and_styles_come_first(tmp_path: Path) -> None:
    tmp_path.joinpath(FILE).write_text(OWN, encoding="utf-8")
    both = library(tmp_path)
    assert both.prompts[0].text("fr") == "une affiche d'une voiture rouge"
    assert both.styles[0].name("en") == "Poster"
    assert len(both.prompts) > 1


@pytest.mark.parametrize(
    ("changed", "field", "line"),
    [
        (OWN.replace(', fr = "Affiches"', ""), "prompts[1].subject.fr", 3),
        (OWN.replace("name =", "nom ="), "styles[1].name", 6),
        (OWN.replace("[[styles]]", "[styles]"), "styles", 6),
        ("prompt = 3\n", "prompt", 1),
        ("prompts = 3\n", "prompts", 1),
        ("[[prompts]\n", "", 1),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_field(
    tmp_path: Path, changed: str, field: str, line: int
) -> None:
    tmp_path.joinpath(FILE).write_text(changed, encoding="utf-8")
    with pytest.raises(ExerciseError) as caught:
        library(tmp_path)
    assert caught.value.field == field
    assert caught.value.line == line
    assert caught.value.file == tmp_path / FILE


def test_a_library_beside_the_built_in_one_is_not_read_twice() -> None:
    assert library(BUILT_IN.parent / "tp2") == library(BUILT_IN.parent / "api-analysis")
