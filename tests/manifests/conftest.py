"""Drafts and small pictures to store, without any diffusion."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from manifests.draft import Draft
from manifests.manifest import Adherence, Model, Request, Sought, Source, Versions
from manifests.store import Store

VERSIONS = Versions(
    python="3.11", torch="2.13.0", diffusers="0.42.1", transformers="5.23.0", genai_lab="0.1.0"
)
MODEL = Model(id="mini", repository="lab/mini", revision="1", weights_sha256="ab" * 32)

ADHERENCE = Adherence(
    judge="mini-judge",
    weights_sha256="ef" * 32,
    parts=(
        Sought(kind="object", asked="handbag", probability=0.125, first="backpack"),
        Sought(kind="background", asked="gray", probability=0.9371, first="gray"),
    ),
    found=1,
)


def make_draft(
    run: str = "smoke", *, seed: int = 42, source: Source | None = None, prompt: str = "a bag"
) -> Draft:
    """A draft of a 16x16 picture; with a source, one of image to image at strength 0.5."""
    request = Request(
        mode="img2img" if source else "text2img",
        prompt=prompt,
        negative_prompt="",
        width=16,
        height=16,
        steps=30,
        guidance_scale=7.5,
        scheduler="EulerA",
        seed=seed,
        strength=0.5 if source else None,
        source=source,
    )
    return Draft(
        request, 15 if source else 30, MODEL, VERSIONS, "cpu", "float32", 0.5, exercise="exercise", run=run
    )


def make_picture(seed: int = 0, size: tuple[int, int] = (16, 16)) -> Image.Image:
    """Noise, the same for the same seed."""
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def store(work: Path) -> Store:
    return Store(work, "tp2", "ada")


def snapshot(folder: Path) -> dict[str, bytes]:
    """What each file below the folder holds, by its path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
