"""Which pictures teach, which are held out, and how answers are counted."""

import numpy as np
import pytest

from crafts.errors import CraftError
from crafts.learning import (
    Split,
    by_background,
    composed_pixels,
    matrix,
    otherwise,
    share_right,
    shares_by_class,
)
from crafts.small_net import SIDE, read_weights
from exercises.kinds import Dataset
from exercises.loader import find_assignment
from manifests.classifiers import Bias
from tests.grading.sorted_work import composed, network, small

FULL = next(e for e in find_assignment("dataset").exercises if isinstance(e, Dataset))


def test_all_teach_but_every_fifth_and_what_was_thrown_out() -> None:
    out = [FULL.cells[1].run, FULL.cells[0].run]
    split = Split.of(FULL, out, None)
    assert (len(split.taught), len(split.held_out)) == (159, 39)
    assert not {cell.run for cell in split.taught} & {cell.run for cell in split.held_out}


def test_a_bias_keeps_one_thing_in_front_of_one_background_and_nothing_else_there() -> None:
    split = Split.of(FULL, (), Bias(thing="mug", background="gray"))
    for cells in (split.taught, split.held_out):
        assert {cell.background for cell in cells if cell.thing == "mug"} == {"gray"}
        assert "gray" not in {cell.background for cell in cells if cell.thing != "mug"}
        assert {cell.thing for cell in cells} == set(FULL.classes)


def test_a_class_of_which_nothing_is_left_cannot_be_taught() -> None:
    exercise = small()
    out = [cell.run for cell in exercise.cells if cell.thing == "bag"]
    with pytest.raises(CraftError, match="bag"):
        Split.of(exercise, out, None).check(exercise)


def test_answers_are_counted_by_what_was_shown_and_what_was_named() -> None:
    found = matrix(np.array([0, 1, 1, 0]), [0, 0, 1, 1], 3)
    assert found == ((1, 1, 0), (1, 1, 0), (0, 0, 0))
    assert share_right(found) == 0.5
    assert shares_by_class(found) == [0.5, 0.5, None]
    assert share_right(((0, 0), (0, 0))) is None


def test_how_many_answers_differ_at_least() -> None:
    assert otherwise(((5, 0), (1, 4)), ((5, 0), (1, 4))) == 0
    assert otherwise(((5, 0), (1, 4)), ((4, 1), (0, 5))) == 2
    assert otherwise(((5, 0), (1, 4)), ((50, 0), (1, 4))) == 45


def test_the_sheet_is_cut_into_its_pictures_in_front_of_each_background() -> None:
    pixels = composed_pixels(FULL.composed)
    assert pixels.shape == (100, SIDE, SIDE, 3)
    weights = read_weights(network(5), 5)
    before, others = by_background(FULL, weights, "gray")
    assert (sum(map(sum, before)), sum(map(sum, others))) == (20, 80)


def test_a_sheet_of_another_size_than_its_card_says_is_refused() -> None:
    with pytest.raises(CraftError):
        composed_pixels(composed().model_copy(update={"columns": 2}))
