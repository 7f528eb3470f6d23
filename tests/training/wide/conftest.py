"""A world of a few plain drawings, so that everything runs in seconds and nothing is fetched."""

import pytest
import torch

from training.wide.sprites import Sprites, prepare
from training.wide.words import world

THINGS = ("headphones", "backpack", "mug", "pizza")
SIDE = 32


def drawing(number: int, style: int) -> torch.Tensor:
    """A disc, a square, a ring or a bar of one colour, lighter above: (4, SIDE, SIDE) bytes."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    radius = (x**2 + y**2).sqrt()
    shape = [
        radius < 0.9,
        (x.abs() < 0.7) & (y.abs() < 0.8),
        (radius < 0.9) & (radius > 0.5),
        y.abs() < 0.35,
    ][number]
    color = torch.tensor([[200, 40, 40], [40, 60, 220], [60, 160, 60], [20, 20, 20]][style])
    light = torch.where(y < 0, 1.0, 0.7)
    rgb = (color[:, None, None] * light).round()
    return torch.cat([rgb, 255.0 * shape[None]]).byte()


@pytest.fixture(scope="session")
def drawings():
    """Pictures with transparency, and their objects and styles."""
    numbers = [world().objects.index(token) for token in THINGS]
    pairs = [(number, style) for number in range(len(THINGS)) for style in range(len(world().styles))]
    pictures = torch.stack([drawing(*pair) for pair in pairs])
    return pictures, torch.tensor([numbers[n] for n, _ in pairs]), torch.tensor([s for _, s in pairs])


@pytest.fixture(scope="session")
def sprites(drawings) -> Sprites:
    return prepare(*drawings)


@pytest.fixture
def chance():
    """A source of chance that is the same in every run."""
    return torch.Generator().manual_seed(5)
