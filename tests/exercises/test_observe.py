"""Kind `observe`: it is about the pictures of an exercise that plans some."""

from pathlib import Path

import pytest

from exercises.kinds import Observe
from exercises.loader import ExerciseError, load_assignment
from tests.exercises.conftest import SMALL, WriteAssignment, write_texts

OBSERVE = """
[[exercises]]
id = "seen"
kind = "observe"
of = "many"
points = 1
title = { en = "Seen", fr = "Vu" }
questions = [{ id = "what", title = { en = "What", fr = "Quoi" } }]
conclusions = [{ id = "so", title = { en = "So", fr = "Donc" }, words_minimum = 6 }]
"""


@pytest.fixture
def folder(write_assignment: WriteAssignment) -> Path:
    folder = write_assignment(SMALL.replace("points = 6", "points = 7") + OBSERVE)
    write_texts(folder, "seen")
    return folder


def test_it_knows_the_pictures_of_the_exercise_it_is_about(folder: Path):
    seen = load_assignment(folder).exercise("seen")
    assert isinstance(seen, Observe)
    assert seen.pictures == ("run_a", "run_b", "run_c")
    assert seen.conclusions[0].words_minimum == 6


@pytest.mark.parametrize("of", ['"nothing"', '"seen"', "3", '["many"]'])
def test_an_exercise_that_plans_no_picture_is_refused_with_those_that_do(folder: Path, of: str):
    file = folder / "assignment.toml"
    file.write_text(file.read_text().replace('of = "many"', f"of = {of}"))
    with pytest.raises(ExerciseError, match="first, many, photo") as caught:
        load_assignment(folder)
    assert caught.value.field == "exercises[4].of"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('of = "many"', 'of = "many"\npictures = ["run_a"]', "exercises[4].pictures"),
        ("words_minimum = 6", "words_minimum = 0", "exercises[4].conclusions[1].words_minimum"),
        ('questions = [{ id = "what",', 'questions = [{ id = "a b",', "exercises[4].questions[1].id"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(folder: Path, old: str, new: str, field: str):
    file = folder / "assignment.toml"
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)
    assert caught.value.field == field
