"""Kind `grid`: its cells become runs, and what is wrong in an axis is said at its place."""

import pytest

from exercises.kinds import Grid
from exercises.loader import ExerciseError, load_assignment
from tests.exercises.conftest import SMALL, WriteAssignment

GRID = """
[[exercises]]
id = "many"
kind = "grid"
points = 3
title = { en = "Grid", fr = "Grille" }
[exercises.x]
parameter = "steps"
values = [4, 20, 40]
[exercises.y]
parameter = "prompt"
values = ["a red bag", "a red bag on a white background, studio lighting"]
labels = [{ en = "short", fr = "court" }, { en = "long", fr = "long" }]
"""
SWEEP = SMALL[SMALL.index('[[exercises]]\nid = "many"') : SMALL.index('[[exercises]]\nid = "photo"')]


def small(grid: str = GRID) -> str:
    return SMALL.replace(SWEEP, grid.lstrip() + "\n")


def test_every_value_across_is_made_with_every_value_down(write_assignment: WriteAssignment):
    grid = load_assignment(write_assignment(small())).exercise("many")
    assert isinstance(grid, Grid)
    cells = {run.id: (run.parameters.steps, run.parameters.prompt[:9]) for run in grid.runs}
    assert list(cells) == [f"many_{row}_{column}" for row in (1, 2) for column in (1, 2, 3)]
    assert [steps for steps, _ in cells.values()] == [4, 20, 40, 4, 20, 40]
    assert grid.at(1, 2) is grid.runs[-1]
    assert grid.at(1, 2).parameters.prompt == grid.y.values[1]
    assert {run.parameters.seed for run in grid.runs} == {42}
    assert grid.y.labels[0]("fr") == "court"


# One wrong thing each: what is replaced by what, and the field that is named.
WRONG = {
    "a parameter that there is not": ('parameter = "steps"', 'parameter = "step"', "x.parameter"),
    "strength, which is image to image's": ('parameter = "steps"', 'parameter = "strength"', "x.parameter"),
    "one parameter twice": (
        "[exercises.y]\n",
        '[exercises.y]\nparameter = "steps"\nvalues = [1, 2]\n[exercises.z]\n',
        "y.parameter",
    ),
    "one value only": ("[4, 20, 40]", "[4]", "x.values"),
    "one value twice": ("[4, 20, 40]", "[4, 20, 4]", "x.values"),
    "a value out of bounds": ("[4, 20, 40]", "[4, 20, 400]", "x.values[3].steps"),
    "a value that is none": ("[4, 20, 40]", "[4, 20, true]", "x.values[3]"),
    "text for a number": ("[4, 20, 40]", '[4, 20, "40"]', "x.values[3].steps"),
    "too few labels": (', { en = "long", fr = "long" }', "", "y.labels"),
    "no axis": ("[exercises.x]", "[exercises.z]", "x"),
    "runs besides": ("[exercises.x]", "[exercises.runs]\na = {}\n[exercises.x]", "runs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_grid_is_said_at_its_place(write_assignment: WriteAssignment, name: str):
    before, after, field = WRONG[name]
    assert before in GRID
    with pytest.raises(ExerciseError) as caught:
        load_assignment(write_assignment(small(GRID.replace(before, after, 1))))
    assert caught.value.field == f"exercises[2].{field}"
    assert caught.value.line is not None
