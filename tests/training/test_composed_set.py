"""The sheet of composed pictures: what its scenes vary, and that the committed one is what comes of them."""

import numpy as np

from exercises.kinds import Dataset
from exercises.loader import find_assignment
from training.composed_set import EACH, SEED, scene_of

EXERCISE = next(e for e in find_assignment("dataset").exercises if isinstance(e, Dataset))


def test_a_scene_is_one_thing_as_asked_in_a_size_and_place_of_its_own() -> None:
    rng = np.random.default_rng(SEED)
    scenes = [scene_of(rng, "mug", "gray", ["red", "blue"]) for _ in range(40)]
    assert {(scene.object, scene.background) for scene in scenes} == {("mug", "gray")}
    assert {scene.color for scene in scenes} == {"red", "blue"}
    assert {(scene.count, scene.size, scene.place) for scene in scenes} == {(None, None, None)}
    assert max(s.scale for s in scenes) - min(s.scale for s in scenes) > 0.15
    assert max(s.dx for s in scenes) - min(s.dx for s in scenes) > 0.1
    assert len({scene.light for scene in scenes}) > 1


def test_the_committed_card_lists_the_scenes_row_by_row() -> None:
    expected = [
        (thing, background)
        for thing in EXERCISE.classes
        for background in EXERCISE.backgrounds
        for _ in range(EACH)
    ]
    assert [(shows.thing, shows.background) for shows in EXERCISE.composed.shows] == expected
    assert EXERCISE.composed.columns == EACH * len(EXERCISE.backgrounds)
