"""The weights that come with the project: they load with stock diffusers and draw what the card says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)
from PIL import Image

from lab.judge.network import classify, load_judge
from lab.models.mini.vocabulary import known_tokens, unknown_words, vocabulary
from tests.training.shapes import shaded_box
from training.data import Scene, compose, is_held_out
from training.drawing import prompt_of
from training.evaluate import SHOP_PROMPT, fixed_scenes, held_out_scenes
from training.export import WEIGHTS

SCHEDULERS = (
    EulerAncestralDiscreteScheduler,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    UniPCMultistepScheduler,
    EulerDiscreteScheduler,
)


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    loaded = StableDiffusionPipeline.from_pretrained(WEIGHTS)  # as a student would, nothing else said
    loaded.set_progress_bar_config(disable=True)
    return loaded


def draw(pipeline: StableDiffusionPipeline, prompt: str, **more) -> np.ndarray:
    settings: dict[str, Any] = {"num_inference_steps": 8, "guidance_scale": 4.0, "output_type": "np"} | more
    generator = torch.Generator().manual_seed(settings.pop("seed", 42))
    image: np.ndarray = pipeline(prompt, generator=generator, **settings).images[0]
    return image


def test_a_plain_from_pretrained_loads_single_precision_and_draws_256_pixels(
    pipeline: StableDiffusionPipeline,
):
    assert {part.dtype for part in (pipeline.unet, pipeline.vae, pipeline.text_encoder)} == {torch.float32}
    assert draw(pipeline, "a red backpack", num_inference_steps=2).shape == (256, 256, 3)


@pytest.mark.parametrize("scheduler", SCHEDULERS, ids=lambda s: s.__name__)
@pytest.mark.parametrize(("steps", "guidance"), [(15, 1.0), (15, 12.0)])
def test_every_scheduler_gives_a_finite_picture_at_any_guidance(
    pipeline, scheduler, steps: int, guidance: float
):
    pipeline.scheduler = scheduler.from_config(pipeline.scheduler.config)
    latents = draw(
        pipeline, "a red watch on a white background", num_inference_steps=steps, guidance_scale=guidance,
        output_type="latent",
    )  # fmt: skip
    assert latents.isfinite().all()  # type: ignore[attr-defined]
    assert 0.2 < float(latents.std()) < 3


def test_the_same_seed_gives_the_same_pixels_and_another_seed_does_not(pipeline: StableDiffusionPipeline):
    one, again, other = (draw(pipeline, "a blue car", seed=seed) for seed in (7, 7, 8))
    assert (one == again).all()
    assert not (one == other).all()


@pytest.mark.parametrize(
    "other", ["blue cars", "A blue automobile!", "an ultra-realistic shiny blue car", "BLUE   CAR"]
)
def test_plurals_articles_synonyms_and_unknown_words_do_not_change_the_picture(pipeline, other: str):
    assert (draw(pipeline, "a blue car") == draw(pipeline, other)).all()


@pytest.mark.parametrize("background", ["white", "black", "blue", "yellow"])
def test_the_background_has_the_asked_colour(pipeline: StableDiffusionPipeline, background: str):
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    picture = draw(pipeline, f"a red mug on a {background} background", num_inference_steps=15)
    rim = np.concatenate([picture[:6].reshape(-1, 3), picture[-6:].reshape(-1, 3)]).mean(0) * 255
    distances = {name: np.abs(rim - rgb).sum() for name, rgb in vocabulary().backgrounds.items()}
    assert min(distances, key=distances.get) == background  # type: ignore[arg-type]


def test_the_prompt_of_the_first_assignment_draws_black_headphones_on_gray(pipeline: StableDiffusionPipeline):
    pipeline.scheduler = EulerAncestralDiscreteScheduler.from_config(pipeline.scheduler.config)
    picture = draw(pipeline, SHOP_PROMPT, num_inference_steps=30, guidance_scale=7.5) * 255
    rim = picture[:8].mean((0, 1))
    assert np.ptp(rim) < 25  # gray has no hue
    assert 100 < rim.mean() < 215
    assert 0.05 < (picture.mean(-1) < 90).mean() < 0.6  # and dark things stand on it
    judge = load_judge(WEIGHTS / "judge.safetensors")
    things, colors, backgrounds = classify(judge, (picture[None]).astype(np.uint8))
    assert judge.labels.colors[int(colors.argmax())] == "black"
    assert judge.labels.backgrounds[int(backgrounds.argmax())] == "gray"
    assert judge.labels.objects.index("headphones") in things.topk(5).indices[0]


def test_image_to_image_moves_further_with_strength(pipeline: StableDiffusionPipeline):
    img2img = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    source = compose(Scene("box", "red", "white"), shaded_box())
    moved = []
    for strength in (0.35, 0.60, 0.85):
        picture = img2img(
            "a blue teapot on a yellow background",
            image=Image.fromarray(source),
            strength=strength,
            num_inference_steps=20,
            guidance_scale=4.0,
            generator=torch.Generator().manual_seed(1),
            output_type="np",
        ).images[0]
        moved.append(np.abs(picture * 255 - source).mean())
    assert 0 < moved[0] < moved[1] < moved[2]


def test_the_judge_tells_colours_of_things_it_has_never_seen():
    judge = load_judge(WEIGHTS / "judge.safetensors")
    names = [(c, b) for c in vocabulary().colors for b in ("white", "gray", "blue") if b != c]
    pictures = np.stack([compose(Scene("box", c, b), shaded_box()) for c, b in names])
    _, colors, backgrounds = classify(judge, pictures)
    found = [judge.labels.backgrounds[i] == b for i, (_, b) in zip(backgrounds.argmax(1), names, strict=True)]
    assert np.mean(found) > 0.9
    found = [judge.labels.colors[i] == c for i, (c, _) in zip(colors.argmax(1), names, strict=True)]
    assert np.mean(found) > 0.7


def test_the_folder_is_small_and_holds_nothing_executable():
    files = [file for file in Path(WEIGHTS).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 60_000_000
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".md", ".png", ""}


def test_the_tokenizer_in_the_folder_is_the_one_of_the_vocabulary(pipeline: StableDiffusionPipeline):
    for prompt in (SHOP_PROMPT, "two wine glasses on grey", "deux tasses bleues", ""):
        assert pipeline.tokenizer.convert_ids_to_tokens(pipeline.tokenizer(prompt).input_ids)[
            1:-1
        ] == known_tokens(prompt)


def test_prompts_of_the_evaluation_are_fixed_known_and_each_of_another_object():
    scenes = fixed_scenes()
    assert scenes == fixed_scenes()
    assert len(scenes) == 200
    assert len({scene.object for scene in scenes}) == 200
    assert {scene.object for scene in fixed_scenes(220)} == set(vocabulary().objects)
    assert all(scene.color != scene.background for scene in scenes)
    for scene in scenes:
        assert known_tokens(prompt_of(scene)) == [
            scene.color,
            scene.object,
            "on",
            scene.background,
            "background",
        ]
        assert unknown_words(prompt_of(scene)) == []


def test_held_out_prompts_name_pairs_that_training_never_showed():
    scenes = held_out_scenes()
    assert len({(scene.object, scene.color) for scene in scenes}) == 40
    assert all(is_held_out(scene.object, scene.color) for scene in scenes)
