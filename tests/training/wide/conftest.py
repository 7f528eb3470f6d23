"""A world of plain drawings, so that everything runs in seconds and nothing is fetched."""

import io
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from training.wide.sprites import Sprites, prepare
from training.wide.words import world

SIDE = 32


def drawing(number: int, style: int) -> torch.Tensor:
    """A disc, a square, a ring or a bar of one colour, lighter above: (4, SIDE, SIDE) bytes."""
    y, x = torch.meshgrid(torch.linspace(-1, 1, SIDE), torch.linspace(-1, 1, SIDE), indexing="ij")
    radius = (x**2 + y**2).sqrt()
    disc, square = radius < 0.9, (x.abs() < 0.7) & (y.abs() < 0.8)
    shape = [disc, square, disc & (radius > 0.5), y.abs() < 0.35][number % 4]
    color = torch.tensor([[200, 40, 40], [40, 60, 220], [60, 160, 60], [20, 20, 20]][style])
    light = torch.where(y < 0, 1.0, 0.7)
    rgb = (color[:, None, None] * light).round()
    return torch.cat([rgb, 255.0 * shape[None]]).byte()


@pytest.fixture(scope="session")
def drawings():
    """Pictures with transparency, and their objects, styles and shares."""
    pairs = torch.cartesian_prod(torch.arange(len(world().objects)), torch.arange(len(world().styles)))
    return torch.stack([drawing(*pair) for pair in pairs.tolist()]), *pairs.unbind(1), torch.ones(len(pairs))


@pytest.fixture(scope="session")
def sprites(drawings) -> Sprites:
    return prepare(*drawings)


@pytest.fixture(scope="session")
def packed(drawings, tmp_path_factory) -> Path:
    """The same as a packed file."""
    file = Path(tmp_path_factory.mktemp("drawings")) / "sprites.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for picture, thing, style, _ in zip(*drawings, strict=True):
            data = io.BytesIO()
            Image.fromarray(picture.permute(1, 2, 0).numpy()).save(data, "WEBP", lossless=True, exact=True)
            name = next(iter(list(world().styles.values())[style]))
            archive.writestr(f"{world().objects[thing]}.{name}.webp", data.getvalue())
    return file


@pytest.fixture
def chance():
    """A source of chance that is the same in every run."""
    return torch.Generator().manual_seed(5)
