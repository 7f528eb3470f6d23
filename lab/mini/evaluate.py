"""The bars: `python -m lab.mini.evaluate` draws fixed prompts with fixed seeds and asks the judge.

Rule: every figure stands beside chance and beside the same model without words, so that it means something.
"""

from __future__ import annotations

import argparse
import json
import time
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

from lab.mini.autoencoder import save_sheet, to_pixels
from lab.mini.data import Pixels, Scene
from lab.mini.denoiser import SHEET
from lab.mini.export import WEIGHTS
from lab.mini.judge import Judge, hits, load_judge, opinions
from lab.mini.words import vocabulary

COUNT, STEPS, BATCH = 200, 30, 20
STRENGTHS = (0.35, 0.60, 0.85)
SHOP_PROMPT = (  # the first assignment's own
    "ultra-realistic product shot of sleek black wireless headphones on a minimalist gray background, "
    "studio lighting, sharp focus, professional e-commerce photography"
)


def fixed_scenes(count: int = COUNT) -> list[Scene]:
    """What is asked for: every object at least once, colours in turn, the background always another."""
    words, rng = vocabulary(), np.random.default_rng(2026)
    objects, colors, backgrounds = list(words.objects), list(words.colors), list(words.backgrounds)
    scenes = []
    for i in range(count):
        color = colors[i % len(colors)]
        others = [background for background in backgrounds if background != color]
        scenes.append(Scene(objects[i % len(objects)], color, str(rng.choice(others)), studio=False))
    return scenes


def prompt_of(scene: Scene) -> str:
    """The prompt of a scene, in the words a person would use."""
    return f"a {scene.color} {vocabulary().names[scene.object][0]} on a {scene.background} background"


def draw(
    pipeline: StableDiffusionPipeline, prompts: list[str], guidance: float, first_seed: int = 0
) -> Pixels:
    """One picture a prompt, each with its own seed. Returns (n, 128, 128, 3) bytes."""
    pictures = []
    for i in range(0, len(prompts), BATCH):
        part = prompts[i : i + BATCH]
        generators = [torch.Generator().manual_seed(first_seed + i + k) for k in range(len(part))]
        images = pipeline(
            part, num_inference_steps=STEPS, guidance_scale=guidance, generator=generators, output_type="pt"
        ).images
        pictures.append(to_pixels(images.cpu() * 2 - 1))
        print(f"  {i + len(part)}/{len(prompts)} pictures", end="\r", flush=True)
    return np.concatenate(pictures)


def adherence(judge: Judge, pictures: Pixels, scenes: list[Scene]) -> dict[str, float]:
    """How often the judge finds what was asked for."""
    return hits(opinions(judge, pictures), torch.tensor([judge.labels.numbers(scene) for scene in scenes]))


def strength_is_monotone(
    pipeline: StableDiffusionPipeline, sources: Pixels, prompts: list[str], guidance: float
) -> float:
    """Part of the sources from which image-to-image moves further the higher the strength."""
    img2img = StableDiffusionImg2ImgPipeline(**pipeline.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    distances = []
    for strength in STRENGTHS:
        moved = []
        for i in range(0, len(sources), BATCH):
            part = sources[i : i + BATCH]
            images = [Image.fromarray(source) for source in part]
            generators = [torch.Generator().manual_seed(i + k) for k in range(len(part))]
            out = img2img(
                prompts[i : i + BATCH],
                image=images,
                strength=strength,
                num_inference_steps=STEPS,
                guidance_scale=guidance,
                generator=generators,
                output_type="pt",
            ).images
            moved.append(np.abs(to_pixels(out.cpu() * 2 - 1).astype(float) - part).mean((1, 2, 3)))
        distances.append(np.concatenate(moved))
    low, middle, high = distances
    return float(((low < middle) & (middle < high)).mean())


def seconds_per_image(pipeline: StableDiffusionPipeline, guidance: float, times: int = 3) -> float:
    """One picture at a time, guided, the best of a few (the machine may be busy with other things)."""
    taken = []
    for seed in range(times):
        start = time.perf_counter()
        pipeline(
            SHOP_PROMPT,
            num_inference_steps=STEPS,
            guidance_scale=guidance,
            generator=torch.Generator().manual_seed(seed),
        )
        taken.append(time.perf_counter() - start)
    return min(taken)


def evaluate(
    folder: Path, guidance: float, count: int = COUNT, sheet: Path | None = None
) -> dict[str, object]:
    """All figures of a folder of weights."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = EulerAncestralDiscreteScheduler.from_config(
        pipeline.scheduler.config
    )  # as the baseline
    judge, scenes = load_judge(folder / "judge.safetensors"), fixed_scenes(count)
    prompts, words = [prompt_of(scene) for scene in scenes], vocabulary()

    pictures = draw(pipeline, prompts, guidance)
    if sheet:
        wide = min(20, count)
        save_sheet([pictures[i : i + wide] for i in range(0, count - count % wide, wide)], sheet)
    silent = draw(pipeline, [""] * count, 1.0)
    shop = draw(pipeline, [SHOP_PROMPT] * 8, guidance, first_seed=42)
    others = prompts[7:] + prompts[:7]
    return {
        "guidance": guidance,
        "prompts": count,
        "asked and found": adherence(judge, pictures, scenes),
        "without words": adherence(judge, silent, scenes),
        "chance": {
            "object": 1 / len(words.objects),
            "object in five": 5 / len(words.objects),
            "color": 1 / len(words.colors),
            "background": 1 / len(words.backgrounds),
        },
        "prompt of the assignment": adherence(judge, shop, [Scene("headphones", "black", "gray", True)] * 8),
        "strength moves further": strength_is_monotone(pipeline, pictures[:50], others[:50], guidance),
        "seconds per image": seconds_per_image(pipeline, guidance),
    }


def sample_sheet(folder: Path, file: Path, guidance: float) -> None:
    """The picture of the model card: fixed prompts, one seed each, none chosen."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
    pictures = draw(pipeline, list(SHEET), guidance)
    save_sheet([pictures[i : i + 8] for i in range(0, len(SHEET), 8)], file)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the bundled model against its bars.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--guidance", type=float, default=7.5)
    parser.add_argument("--count", type=int, default=COUNT, help="prompts to draw")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--sheet", type=Path, help="also write all pictures here, as one")
    options = parser.parse_args()
    figures = evaluate(options.weights, options.guidance, options.count, options.sheet)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
