"""Draws prompts with the stock pipeline.

Rule: nothing here knows how the model works: what draws is diffusers' `StableDiffusionPipeline`, and the
schedulers are its own, so that what is measured is what a person will get.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderTiny,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)
from torch import Tensor

from training.loop import half_precision
from training.wide.denoiser import Denoiser, make_scheduler
from training.wide.text import make_tokenizer

SCHEDULERS: dict[str, Any] = {
    "EulerA": EulerAncestralDiscreteScheduler,
    "Euler": EulerDiscreteScheduler,
    "DDIM": DDIMScheduler,
    "DPM++ 2M": DPMSolverMultistepScheduler,
    "UniPC": UniPCMultistepScheduler,
}
STEPS, GUIDANCE = 30, 7.5  # those of the first assignment, and its scheduler is EulerA

SHEET = (
    "a red backpack on a white background",
    "black headphones on a gray background, studio lighting",
    "a blue teapot on a yellow background",
    "a running shoe on a pink background",
    "a yellow cat on a blue background",
    "a green watch on a white background, studio lighting",
    "a camera on a blue background",
    "pizza on a white background",
    "a purple handbag on a gray background, studio lighting",
    "a pink rose on a black background",
    "a guitar on a white background",
    "a yellow car on a gray background",
    "a line drawing of a turquoise bicycle on an orange background",
    "a white top hat on a red background",
    "a strawberry on a green background",
    "a penguin and a red balloon on a turquoise background",
)


def pipeline_of(model: Denoiser, vae: AutoencoderTiny) -> StableDiffusionPipeline:
    """The stock pipeline around our parts."""
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=model.text,
        tokenizer=make_tokenizer(),
        unet=model.unet,
        scheduler=DDIMScheduler.from_config(make_scheduler().config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def open_pipeline(folder: Path, device: torch.device) -> StableDiffusionPipeline:
    """The pipeline of an exported folder."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@torch.no_grad()
def draw(
    pipeline: StableDiffusionPipeline,
    prompts: Sequence[str],
    guidance: float = GUIDANCE,
    steps: int = STEPS,
    scheduler: str = "EulerA",
    seed: int = 42,
    batch: int = 32,
) -> Tensor:
    """One picture for each prompt, the i-th with seed `seed` + i. Returns (n, 3, h, w) from -1 to 1."""
    pipeline.scheduler = SCHEDULERS[scheduler].from_config(pipeline.scheduler.config)
    device, drawn = pipeline.device, []
    for start in range(0, len(prompts), batch):
        some = list(prompts[start : start + batch])
        generators = [torch.Generator().manual_seed(seed + start + i) for i in range(len(some))]
        with half_precision(device):
            images = pipeline(
                some,
                num_inference_steps=steps,
                guidance_scale=guidance,
                generator=generators,
                output_type="pt",
            ).images
        drawn.append(images.float().cpu() * 2 - 1)
    return torch.cat(drawn)


@torch.no_grad()
def redraw(
    pipeline: StableDiffusionPipeline,
    sources: Tensor,
    prompts: Sequence[str],
    strength: float,
    guidance: float = GUIDANCE,
    seed: int = 42,
    batch: int = 32,
) -> Tensor:
    """Image to image: each source drawn again after its prompt. sources (n, 3, h, w) from -1 to 1"""
    again = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    again.scheduler = SCHEDULERS["EulerA"].from_config(pipeline.scheduler.config)
    again.set_progress_bar_config(disable=True)
    drawn = []
    for start in range(0, len(prompts), batch):
        some = list(prompts[start : start + batch])
        with half_precision(pipeline.device):
            images = again(
                some,
                image=(sources[start : start + batch] + 1) / 2,
                strength=strength,
                num_inference_steps=STEPS,
                guidance_scale=guidance,
                generator=[torch.Generator().manual_seed(seed + start + i) for i in range(len(some))],
                output_type="pt",
            ).images
        drawn.append(images.float().cpu() * 2 - 1)
    return torch.cat(drawn)
