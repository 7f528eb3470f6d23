"""Pictures to make something of."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exercises.kinds.base import Run
from exercises.parameters import Parameters
from manifests.store import Record, Store
from tests.grading.good import SIDE, draft_of

Paint = Callable[..., Image.Image]


def painted(*colours: str, side: int = 64) -> Image.Image:
    """Bands of these colours from top to bottom."""
    band = side // len(colours)
    picture = Image.new("RGB", (side, side), colours[-1])
    for place, colour in enumerate(colours):
        picture.paste(colour, (0, place * band, side, (place + 1) * band))
    return picture


def shaded(seed: int = 0, side: int = 96) -> Image.Image:
    """A soft picture with many colours."""
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "crossstitch", "alice")


def record_of(store: Store, picture: Image.Image) -> Record:
    """The picture as one of the student's."""
    run = Run(id="studio", parameters=Parameters(prompt="a bag", mode="text2img"))
    return store.save(draft_of("motifs", run), picture.resize((SIDE, SIDE)))
