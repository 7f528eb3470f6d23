"""The small network in NumPy: the same as torch's, and whatever its file holds, an answer or a refusal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import save

from crafts.errors import CraftError
from crafts.small_net import LARGEST, MAX_BYTES, SIDE, answered, answers, read_weights, seen, shapes
from manifests.classifiers import Settings
from tests.grading.sorted_work import network

PIXELS = np.random.default_rng(0).integers(0, 256, (60, SIDE, SIDE, 3), dtype=np.uint8)


def test_it_answers_as_the_network_that_was_taught() -> None:
    import torch

    from lab.engine.classifying import Classroom

    classroom = Classroom(PIXELS, np.arange(60) % 3, 3, Settings(seed=1))
    classroom.round()
    weights = read_weights(classroom.weights(), 3)
    given = torch.from_numpy(PIXELS).permute(0, 3, 1, 2).float().div(127.5).sub(1)
    expected = classroom.net(given).detach().numpy()
    assert np.allclose(answered(weights, PIXELS), expected, atol=1e-5)
    assert answers(weights, PIXELS).tolist() == expected.argmax(1).tolist()


def test_no_pictures_give_no_answers() -> None:
    assert answers(read_weights(network(3), 3), seen([])).tolist() == []


def test_pictures_of_every_size_and_mode_are_seen_alike() -> None:
    small = seen([Image.new("L", (10, 200), 77), Image.new("RGBA", (256, 256), (77, 77, 77, 255))])
    assert small.shape == (2, SIDE, SIDE, 3)
    assert (small == 77).all()


def test_other_tensors_and_numbers_are_refused() -> None:
    good = {name: np.zeros(shape, np.float32) for name, shape in shapes(3).items()}
    for bad in (
        {**good, "more": np.zeros(1, np.float32)},
        {**good, "answer.bias": np.zeros(4, np.float32)},
        {**good, "answer.bias": np.zeros(3, np.float64)},
        {**good, "answer.bias": np.full(3, np.nan, np.float32)},
        {**good, "answer.bias": np.full(3, 10 * LARGEST, np.float32)},
        {name: value for name, value in good.items() if name != "answer.bias"},
    ):
        with pytest.raises(CraftError):
            read_weights(save(bad), 3)
    with pytest.raises(CraftError):
        read_weights(b"\0" * (MAX_BYTES + 1), 3)
    read_weights(save(good), 3)


GOOD = network(2)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300) | st.tuples(st.integers(0, 900), st.binary(min_size=1, max_size=12)))
def test_whatever_is_in_the_file_it_is_read_or_refused(change: bytes | tuple[int, bytes]) -> None:
    if isinstance(change, tuple):
        place, data = change
        change = GOOD[:place] + data + GOOD[place + len(data) :]
    try:
        weights = read_weights(change, 2)
    except CraftError:
        return
    assert np.isfinite(answered(weights, PIXELS[:2])).all()
