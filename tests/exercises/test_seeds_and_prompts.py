"""The assignments on words: seed 003's free exercise, and wordings compared fairly; both in good words."""

import re

import pytest

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES
from exercises.kinds import Grid, Iterate, Own, Quiz
from exercises.loader import find_assignment


@pytest.fixture(params=["seeds", "prompts", "comfyui"])
def assignment(request: pytest.FixtureRequest) -> Assignment:
    return find_assignment(request.param)


def test_the_free_exercise_has_the_seeds_of_the_course():
    own = find_assignment("seeds").exercise("free")
    assert isinstance(own, Own)
    assert own.seeds == (42, 123, 999)
    assert [run.parameters.seed for run in own.runs] == [42, 123, 999]
    assert {run.parameters.prompt for run in own.runs} == {""}


def test_wordings_are_compared_with_everything_else_equal():
    prompts = find_assignment("prompts")
    grid, improve = prompts.exercise("wordings"), prompts.exercise("improve")
    assert isinstance(grid, Grid)
    assert isinstance(improve, Iterate)
    assert (grid.x.parameter, grid.y.parameter) == ("seed", "prompt")
    rest = {(r.parameters.steps, r.parameters.guidance_scale, r.parameters.scheduler) for r in grid.runs}
    assert len(rest) == 1
    assert improve.start.prompt == grid.y.values[0]


def test_both_are_done_offline_and_end_with_a_quiz_and_the_hand_in(assignment: Assignment):
    assert not assignment.asks_apis
    assert any(isinstance(exercise, Quiz) for exercise in assignment.exercises)
    assert assignment.exercises[-1].kind == "hand_in"


def test_every_text_is_written_in_both_languages(assignment: Assignment):
    for part in (assignment, *assignment.exercises):
        assert set(part.texts) == set(LANGUAGES)
        assert part.texts["en"] != part.texts["fr"]
        assert all(len(text) > 200 for text in part.texts.values())
        assert "'" not in part.texts["fr"]


def test_french_punctuation_does_not_begin_a_line(assignment: Assignment):
    """Before : ; ? ! » and after « stands a space that does not break."""
    french = [part.texts["fr"] for part in (assignment, *assignment.exercises)]
    french += [part.title.fr for part in assignment.exercises]
    assert [found for text in french for found in re.findall(r".* [:;?!»](?!-).*|.*« .*", text)] == []
