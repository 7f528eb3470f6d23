"""Draws many pictures with the stock pipeline, to be measured.

Rule: picture i depends on its own prompt and seed; how many are drawn together changes nothing one can see.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    EulerAncestralDiscreteScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
)
from PIL import Image

from lab.models.mini.vocabulary import vocabulary
from training.autoencoder import to_pixels
from training.data import Pixels, Scene

STEPS, BATCH = 30, 20
SCHEDULERS = {"EulerA": EulerAncestralDiscreteScheduler, "DDIM": DDIMScheduler}


def open_pipeline(folder: Path) -> StableDiffusionPipeline:
    """A folder of weights as the lab draws with it: single precision, Euler ancestral as in the baseline."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    choose(pipeline, "EulerA")
    return pipeline


def choose(pipeline: StableDiffusionPipeline, scheduler: str) -> None:
    """Draw with another scheduler from now on."""
    pipeline.scheduler = SCHEDULERS[scheduler].from_config(pipeline.scheduler.config)


def prompt_of(scene: Scene) -> str:
    """The prompt of a scene, in the words a person would use."""
    thing = vocabulary().names[scene.object][0]
    asked = f"{scene.color} {thing}" if scene.color else thing
    return f"{article(asked)} {asked} on {article(scene.background)} {scene.background} background"


def article(word: str) -> str:
    """ "a" or "an", by the letter that follows."""
    return "an" if word[0] in "aeiou" else "a"


def seeds(first: int, count: int) -> list[torch.Generator]:
    """One generator a picture."""
    return [torch.Generator().manual_seed(first + i) for i in range(count)]


def draw(
    pipeline: StableDiffusionPipeline,
    prompts: Sequence[str],
    guidance: float,
    first_seed: int = 0,
    steps: int = STEPS,
) -> Pixels:
    """One picture a prompt, each with its own seed. Returns (n, h, w, 3) bytes."""
    pictures = []
    for i in range(0, len(prompts), BATCH):
        part = list(prompts[i : i + BATCH])
        images = pipeline(
            part,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=seeds(first_seed + i, len(part)),
            output_type="pt",
        ).images
        pictures.append(to_pixels(images.cpu() * 2 - 1))
        if sys.stdout.isatty():
            print(f"  {i + len(part)}/{len(prompts)} pictures", end="\r", flush=True)
    return np.concatenate(pictures)


def redraw(
    pipeline: StableDiffusionPipeline,
    sources: Pixels,
    prompts: Sequence[str],
    guidance: float,
    strength: float,
) -> Pixels:
    """Image-to-image: one picture a source, (n, h, w, 3) bytes."""
    img2img = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    pictures = []
    for i in range(0, len(sources), BATCH):
        part = sources[i : i + BATCH]
        images = img2img(
            list(prompts[i : i + BATCH]),
            image=[Image.fromarray(source) for source in part],
            strength=strength,
            num_inference_steps=STEPS,
            guidance_scale=guidance,
            generator=seeds(i, len(part)),
            output_type="pt",
        ).images
        pictures.append(to_pixels(images.cpu() * 2 - 1))
    return np.concatenate(pictures)
