"""Inpainting and ways between two pictures: stock pixels, nothing outside of the mask, both ends."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from lab.engine.denoise import make_picture
from lab.engine.inputs import Inputs
from lab.engine.local import LocalEngine
from lab.engine.pipelines import LoadedModel, load_from
from lab.engine.protocol import Picture
from lab.engine.sources import open_source
from lab.models.registry import MODELS
from manifests.manifest import Between, Mask, Request
from manifests.masks import change, feathered, mask_bytes, rectangle
from tests.lab.engine.asking import asked, failure, likeness, made, photo

SOURCE = open_source(photo(), 64, 64)
MASK = feathered(rectangle(64, 64, 20, 12, 52, 44), 4)


@pytest.fixture(scope="module")
def model(tiny_mini: Path) -> LoadedModel:
    return load_from(MODELS["mini"], tiny_mini)


def painting(padding: int | None = 4, **changes: Any) -> Request:
    mask = Mask(file="m.png", sha256="0" * 64, padding=padding)
    return asked(**{"mode": "inpaint", "strength": 1.0, "mask": mask, **changes})


def paint(
    model: LoadedModel, request: Request, source: Image.Image | None, mask: Image.Image | None
) -> Picture:
    return make_picture(model, request, source, 0, lambda: False, lambda _: None, mask=mask)


@pytest.mark.parametrize("padding", [4, None])
@pytest.mark.parametrize("scheduler", ["EulerA", "DDIM"])
def test_inpainting_gives_the_pixels_of_plain_diffusers(
    model: LoadedModel, tiny_mini: Path, scheduler: str, padding: int | None
) -> None:
    import diffusers

    from lab.engine.schedulers import CLASS_NAMES

    plain = diffusers.StableDiffusionInpaintPipeline.from_pretrained(tiny_mini)
    plain.unet.register_to_config(in_channels=4)
    plain.scheduler = getattr(diffusers, CLASS_NAMES[scheduler]).from_config(plain.scheduler.config)  # type: ignore[index]
    expected = plain(
        asked().prompt,
        SOURCE,
        MASK,
        height=64,
        width=64,
        padding_mask_crop=padding,
        strength=0.8,
        num_inference_steps=6,
        guidance_scale=7.5,
        generator=torch.Generator().manual_seed(42),
    ).images[0]
    if padding is None:
        expected = plain.image_processor.apply_overlay(MASK, SOURCE, expected)
    picture = paint(model, painting(padding, strength=0.8, scheduler=scheduler), SOURCE, MASK)
    assert picture.image.tobytes() == expected.tobytes()
    assert picture.drawn.effective_steps == 4


@pytest.mark.parametrize("padding", [4, None])
def test_nothing_outside_of_the_mask_changes_and_something_inside_does(
    model: LoadedModel, padding: int | None
) -> None:
    outside, inside = change(SOURCE, paint(model, painting(padding), SOURCE, MASK).image, MASK)
    assert outside == 0.0
    assert inside > 5


def test_text_to_image_is_as_before_beside_inpainting(model: LoadedModel) -> None:
    """The inpainting pipeline's view of the UNet leaves the configuration that the others ask."""
    before = paint(model, asked(), None, None)
    paint(model, painting(), SOURCE, MASK)
    assert paint(model, asked(), None, None).image.tobytes() == before.image.tobytes()


def test_the_engine_draws_inpainting_beside_other_pictures(own_engine: LocalEngine) -> None:
    alone = made(own_engine, painting(), source=photo(), mask=mask_bytes(MASK))
    jobs = [
        own_engine.submit(painting(), model="mini", inputs=Inputs(photo(), mask_bytes(MASK))),
        own_engine.submit(asked(steps=9), model="mini"),
    ]
    ends = [[*job.events()][-1] for job in jobs]
    assert likeness(alone, getattr(ends[0], "picture", ends[0])) > 40
    assert change(SOURCE, ends[0].picture.image, MASK)[0] == 0.0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"source": photo()}, "no_mask"),
        ({"mask": mask_bytes(MASK)}, "no_source"),
        ({"source": photo(), "mask": b"no picture"}, "bad_mask"),
        ({"source": photo(), "mask": mask_bytes(MASK.resize((128, 64)))}, "bad_mask"),
        ({"source": photo(), "mask": mask_bytes(Image.new("L", (64, 64)))}, "bad_mask"),
    ],
)
def test_what_cannot_be_inpainted_says_why(engine: LocalEngine, options: Any, code: str) -> None:
    assert failure(engine, painting(), **options).code == code


def between(place: float, **changes: Any) -> Request:
    other = Between(prompt="a blue teapot", seed=9, place=place)
    return asked(**{"scheduler": "DDIM", "between": other, **changes})


def test_the_ends_of_a_way_are_the_plain_pictures(model: LoadedModel) -> None:
    ends = [
        asked(scheduler="DDIM"),
        asked(scheduler="DDIM", prompt="a blue teapot", seed=9),
    ]
    for place, end in enumerate(ends):
        assert paint(model, between(place), None, None).image.tobytes() == (
            paint(model, end, None, None).image.tobytes()
        )


def test_what_lies_between_differs_from_both_ends_and_is_drawn_again_the_same(model: LoadedModel) -> None:
    first, middle, last = (np.asarray(paint(model, between(p), None, None).image, int) for p in (0, 0.5, 1))
    assert np.abs(first - middle).mean() > 1
    assert np.abs(last - middle).mean() > 1
    assert (np.asarray(paint(model, between(0.5), None, None).image, int) == middle).all()


def test_with_one_seed_a_scheduler_that_adds_noise_keeps_both_ends(model: LoadedModel) -> None:
    other = Between(prompt="a blue teapot", seed=42, place=1)
    way = paint(model, asked(between=other), None, None)
    assert way.image.tobytes() == paint(model, asked(prompt="a blue teapot"), None, None).image.tobytes()


def test_ways_that_cannot_be_drawn_say_why(engine: LocalEngine) -> None:
    assert failure(engine, between(0.5, scheduler="EulerA")).code == "between_noise"
    assert failure(engine, between(0.5, mode="img2img", strength=0.5), source=photo()).code == "no_between"
