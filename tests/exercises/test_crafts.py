"""The assignments in which something is made of pictures: offline, in both languages, in good words."""

import re

import pytest

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES
from exercises.kinds.crafted import Crafted
from exercises.loader import ExerciseError, find_assignment, load_assignment
from tests.exercises.conftest import WriteAssignment
from tests.grading.crafted import CRAFTED


@pytest.fixture(params=CRAFTED)
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return find_assignment(request.param)


def test_each_begins_with_pictures_makes_one_thing_of_its_own_kind_and_ends_with_the_hand_in(
    assignment: Assignment,
) -> None:
    assert not assignment.asks_apis
    kinds = [exercise.kind for exercise in assignment.exercises]
    assert kinds == ["studio", assignment.id, "hand_in"]
    assert assignment.points == 10


def test_every_text_is_written_in_both_languages(assignment: Assignment) -> None:
    for part in (assignment, *assignment.exercises):
        assert set(part.texts) == set(LANGUAGES)
        assert part.texts["en"] != part.texts["fr"]
        assert all(len(text) > 200 for text in part.texts.values())
        assert "'" not in part.texts["fr"]


def test_french_punctuation_does_not_begin_a_line(assignment: Assignment) -> None:
    french = [part.texts["fr"] for part in (assignment, *assignment.exercises)]
    french += [part.title.fr for part in (assignment, *assignment.exercises)]
    assert [found for text in french for found in re.findall(r".*\S [:;?!»](?!-).*|.*« .*", text)] == []


def test_what_the_text_asks_for_is_what_is_checked(assignment: Assignment) -> None:
    (piece,) = [e for e in assignment.exercises if isinstance(e, Crafted)]
    for language in LANGUAGES:
        text = piece.texts[language]
        assert str(piece.words_minimum) in text
    assert set(piece.weights) <= set(piece.rules)


@pytest.mark.parametrize(
    ("kind", "wrong", "field"),
    [
        ("crossstitch", "colours_minimum = 9\ncolours_maximum = 3", "colours_maximum"),
        ("crossstitch", "width_minimum = 5", "width_minimum"),
        ("storyboard", "frames_minimum = 6\nframes_maximum = 4", "frames_maximum"),
        ("storyboard", "frames_maximum = 9", "frames_maximum"),
        ("brandkit", "colours_minimum = 2", "colours_minimum"),
        ("operations", "files_minimum = 201", "files_minimum"),
        ("operations", "sizes = [3]", "sizes"),
        ("course", "pictures_minimum = 7", "pictures_minimum"),
        ("diagrams", 'arrows = [["a", "b"]]', "arrows"),
        ("diagrams", "arrow_labels_minimum = 9", "arrow_labels_minimum"),
    ],
)
def test_what_cannot_be_asked_for_is_told_at_its_field(
    write_assignment: WriteAssignment, kind: str, wrong: str, field: str
) -> None:
    folder = write_assignment(
        f"""
points = 1
title = {{ en = "Small", fr = "Petit" }}
[[exercises]]
id = "first"
kind = "{kind}"
points = 1
title = {{ en = "First", fr = "Premier" }}
{wrong}
"""
    )
    with pytest.raises(ExerciseError) as raised:
        load_assignment(folder)
    assert f"exercises[1].{field}" in str(raised.value)
