"""The UNet is told which place of the plan belongs to which place of the picture, and comes to look there."""

import math

import pytest
import torch

from training.denoiser import make_unet
from training.guide import Guide, guidance, right_places
from training.text import GRID, LENGTH, WIDTH, WORDS


def test_on_its_own_grid_half_of_the_heads_look_at_their_place():
    assert right_places(GRID, heads=4).tolist() == [list(range(WORDS, LENGTH))] * 2


def test_on_a_finer_grid_half_of_the_heads_look_at_the_place_that_theirs_is_a_part_of():
    places = right_places(2 * GRID, heads=4)
    assert places.shape == (2, 4 * GRID * GRID)
    grid = places[0].reshape(2 * GRID, 2 * GRID)
    assert grid[0, :4].tolist() == grid[1, :4].tolist() == [WORDS, WORDS, WORDS + 1, WORDS + 1]
    assert grid[2, 0] == WORDS + GRID
    assert places.flatten().bincount()[WORDS:].tolist() == [8] * (GRID * GRID)


def test_on_a_grid_half_as_fine_four_heads_look_at_the_four_places_below():
    places = right_places(GRID // 2, heads=4)
    assert places[:, 0].tolist() == [WORDS + n for n in (0, 1, GRID, GRID + 1)]
    assert sorted(places.flatten().tolist()) == list(range(WORDS, LENGTH))


@pytest.mark.parametrize("side", [2 * GRID, GRID, GRID // 2])
def test_the_loss_is_nothing_where_all_look_right_and_that_of_chance_where_nobody_looks(side: int):
    heads, width = 4, 4 * LENGTH
    keys = torch.eye(LENGTH).repeat(1, heads)[None] * 60  # each head sees each token as an axis of its own
    right = right_places(side, heads)
    wanted = torch.cat([right, right[:1].repeat(heads - len(right), 1)])  # (heads, places)
    queries = torch.nn.functional.one_hot(wanted.T, LENGTH).flatten(1)[None].float() * 60
    assert queries.shape == (1, side * side, width)
    assert guidance(queries, keys, heads) < 1e-3
    assert guidance(queries * 0, keys, heads) == pytest.approx(math.log(LENGTH))
    assert guidance(queries.roll(1, 1), keys, heads) > 10


def test_every_cross_attention_is_heard_and_learns_where_to_look():
    torch.manual_seed(0)
    unet = make_unet((32, 32, 32), side=16)
    guide, words = Guide(unet), torch.randn(2, LENGTH, WIDTH)
    keys = [module for name, module in unet.named_modules() if name.endswith("to_k")]
    assert all(bool(key._forward_hooks) == (key.in_features == WIDTH) for key in keys)
    optimizer = torch.optim.Adam(unet.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        unet(torch.randn(2, 8, 16, 16), torch.tensor([900, 100]), words)
        loss = guide.loss()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(math.log(LENGTH), abs=0.5)
    assert losses[-1] < losses[0] - 0.5
