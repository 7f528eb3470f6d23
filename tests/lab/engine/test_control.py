"""Outlines lead a picture: stock pixels, more or less as the scale says, together with others or alone."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw

from lab.engine.denoise import make_picture
from lab.engine.local import LocalEngine
from lab.engine.pipelines import LoadedModel, load_from
from lab.engine.protocol import Picture
from lab.models.registry import MODELS
from manifests.outlines import outlines
from manifests.png import plain_png
from tests.lab.engine.asking import JUST_AS_GOOD, asked, failure, likeness, made
from tests.lab.engine.test_together import together


def ring(left: int = 12) -> Image.Image:
    """The outlines of a disc."""
    picture = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(picture).ellipse((left, 14, left + 34, 48), fill="navy")
    return outlines(picture).convert("RGB")


def led(scale: float = 1.0, **changes: Any) -> Any:
    return asked(**{"mode": "control", "control_scale": scale, **changes})


@pytest.fixture(scope="module")
def model(tiny_mini: Path) -> LoadedModel:
    return load_from(MODELS["mini"], tiny_mini)


@pytest.fixture(autouse=True)
def tiny_is_mini(mini_is_tiny: Path) -> Path:
    return mini_is_tiny


def draw(model: LoadedModel, request: Any, source: Image.Image | None) -> Picture:
    return make_picture(model, request, source, 0, lambda: False, lambda _: None)


@pytest.mark.parametrize("scheduler", ["EulerA", "DDIM"])
def test_it_gives_the_pixels_of_plain_diffusers(model: LoadedModel, tiny_mini: Path, scheduler: str) -> None:
    import diffusers

    from lab.engine.schedulers import CLASS_NAMES

    network = diffusers.ControlNetModel.from_pretrained(tiny_mini.with_name("controlnet"))
    plain = diffusers.AutoPipelineForText2Image.from_pretrained(tiny_mini, controlnet=network)
    assert isinstance(plain, diffusers.StableDiffusionControlNetPipeline)
    plain.scheduler = getattr(diffusers, CLASS_NAMES[scheduler]).from_config(plain.scheduler.config)  # type: ignore[index]
    request = led(0.7, scheduler=scheduler, negative_prompt="blue")
    expected = plain(
        request.prompt,
        ring(),
        height=64,
        width=64,
        negative_prompt="blue",
        num_inference_steps=request.steps,
        guidance_scale=request.guidance_scale,
        controlnet_conditioning_scale=0.7,
        generator=torch.Generator().manual_seed(request.seed),
    ).images[0]
    picture = draw(model, request, ring())
    assert picture.image.tobytes() == expected.tobytes()
    assert picture.drawn.model.controlnet_sha256
    assert picture.drawn.request == request


def test_at_scale_0_nothing_leads_and_other_outlines_or_more_of_them_give_another_picture(
    model: LoadedModel,
) -> None:
    free = draw(model, asked(), None)
    assert likeness(draw(model, led(0.0), ring()), free) > JUST_AS_GOOD
    half, full = (draw(model, led(scale), ring()) for scale in (0.5, 1.0))
    assert JUST_AS_GOOD > likeness(half, free) > likeness(full, free)
    assert draw(model, led(1.0), ring(2)).image.tobytes() != full.image.tobytes()
    assert free.drawn.model.controlnet_sha256 is None


def test_drawn_together_with_others_it_is_the_same_picture(model: LoadedModel) -> None:
    requests = [
        (led(1.0, seed=1), ring()),
        (led(0.6, seed=2, steps=4), ring(2)),
        (asked(seed=3), None),
        (led(1.0, seed=4, guidance_scale=1.0), ring(2)),
    ]
    alone = [draw(model, *each) for each in requests]
    ends = together(*(lambda each=each: draw(model, *each) for each in requests))
    assert all(likeness(one, other) > JUST_AS_GOOD for one, other in zip(alone, ends, strict=True))
    assert any(isinstance(end, Picture) and end.drawn.batch_size > 1 for end in ends)


def test_the_engine_takes_outlines_as_the_source_and_says_what_is_missing(engine: LocalEngine) -> None:
    data = plain_png(ring())
    assert made(engine, led(), source=data).drawn.model.controlnet_sha256
    assert failure(engine, led()).code == "no_source"
    assert failure(engine, led(), model="sdxl-turbo", source=data).code == "unsupported_mode"


def test_without_a_controlnet_the_engine_says_how_to_get_one(
    tmp_path: Path, tiny_mini: Path, own_engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = shutil.copytree(tiny_mini, tmp_path / "alone" / "weights", symlinks=True)
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(weights))
    failed = failure(own_engine, led(), source=plain_png(ring()))
    assert failed.code == "missing_bundled_controlnet"
    assert "controlnet" in failed.text("en")
    assert made(own_engine, asked()).image.size == (64, 64)  # all else goes on
