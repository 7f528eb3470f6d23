"""Teaching the small network: it learns, by its seed alone, shows classes equally often, and tidies up."""

from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest
import torch

from crafts.small_net import SIDE, answers, read_weights
from lab.engine.classifying import Classroom
from manifests.classifiers import Settings

CLASSES = np.array([0] * 20 + [1] * 20 + [2] * 2)


def pictures() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Each class of another colour."""
    colours = np.array([[220, 30, 30], [30, 220, 30], [30, 30, 220]], np.uint8)[CLASSES]
    found = np.broadcast_to(colours[:, None, None, :], (len(CLASSES), SIDE, SIDE, 3)).copy()
    found[:, 20:40, 20:40] += np.random.default_rng(0).integers(0, 30, (len(CLASSES), 20, 20, 3), np.uint8)
    return found


def test_it_learns_what_can_be_learnt_also_of_a_class_with_two_pictures() -> None:
    classroom = Classroom(pictures(), CLASSES, 3, Settings(rounds=7, rate=3e-3))
    first, _ = classroom.round()
    for _ in range(6):
        last, right = classroom.round()
    assert last < first
    assert right == 1.0
    named = answers(read_weights(classroom.weights(), 3), pictures())
    assert named.tolist() == CLASSES.tolist()


def test_each_round_shows_every_class_equally_often_and_each_picture_before_any_comes_again() -> None:
    classroom = Classroom(pictures(), CLASSES, 3, Settings())
    places = classroom._filled(np.array([4, 5, 6]), 7)
    assert len(places) == 7
    assert set(places[:3]) == set(places[3:6]) == {4, 5, 6}


def test_the_seed_decides_and_nothing_else_of_torch_is_changed() -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()

    def taught(seed: int) -> bytes:
        classroom = Classroom(pictures(), CLASSES, 3, Settings(seed=seed))
        classroom.round()
        return classroom.weights()

    assert taught(1) == taught(1)
    assert taught(1) != taught(2)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.fixture
def _two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_two_threads")
def test_two_taught_at_once_leave_torchs_threads_as_they_are_while_they_are_taught_and_after() -> None:
    seen = list[int]()

    def look() -> None:
        seen.append(torch.get_num_threads())

    def teach(seed: int) -> None:
        classroom = Classroom(pictures(), CLASSES, 3, Settings(seed=seed))
        for _ in range(3):
            classroom.round()
        look()

    def looking_from_a_new_thread() -> None:
        thread = Thread(target=look)
        thread.start()
        thread.join()

    both = [Thread(target=teach, args=(seed,)) for seed in (1, 2)]
    for thread in both:
        thread.start()
    while any(thread.is_alive() for thread in both):
        looking_from_a_new_thread()
    looking_from_a_new_thread()
    assert set(seen) == {2}


@pytest.mark.usefixtures("_two_threads")
def test_a_round_is_computed_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Classroom, "_round", lambda _: (torch.get_num_threads(), 1.0))
    assert Classroom(pictures(), CLASSES, 3, Settings()).round() == (1, 1.0)
