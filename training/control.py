"""A ControlNet for `mini`: outlines lead the picture. `python -m training.control`; start it again to go on.

Rule: `mini` stays as it is; a copy of the UNet's way down learns what to add to it (Zhang, Rao and Agrawala,
arXiv:2302.05543; the parts are diffusers'). It learns as `mini` did, through guidance (see `denoiser.py`).

`mini` draws each object as it knows it. So that outlines decide, each drawing is mirrored, turned and leant a
little before it is put anywhere in the picture, of any size: what the words do not say stands in the outlines
alone. Only a little, as neither `mini` nor its judge has seen an object upside down.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from diffusers import ControlNetModel, StableDiffusionPipeline
from numpy.lib.format import open_memmap
from PIL import Image
from torch import Tensor, nn

from lab.judge.network import to_tensor
from lab.models.checksums import write_sums
from manifests.outlines import edges
from training.data import SIZE, Pixels, Scene, compose, fetch, load_emoji, random_scene
from training.denoiser import TRAINING_GUIDANCE, make_scheduler
from training.export import WEIGHTS
from training.loop import Stage, TrainConfig, averaged, device_of, interrupt, train
from training.text import encode_tokens, some_empty, step_captions

FOLDER = WEIGHTS.with_name("controlnet")
PLAN = TrainConfig(steps=2000, batch=12, lr=1e-3, warmup=50, cooldown=0.3, ema=0.995)
PICTURES = 8_000
READER = (8, 16, 32, 64)  # channels at 256, 128, 64 and 32 pixels a side
PART = 50  # pictures that a process composes at once
NONE = 0.05  # part of the outlines that is left out, so that there is a picture without any


def bent(drawing: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The drawing mirrored or not, turned by up to 15 degrees, and seen a little from another side."""
    side = 256
    small = drawing.resize((side, side), Image.Resampling.LANCZOS)
    if rng.random() < 0.5:
        small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    small = small.rotate(float(rng.uniform(-15, 15)), Image.Resampling.BICUBIC)
    corners = rng.uniform(-0.1, 0.03, (4, 2)) * side  # of a quadrilateral that becomes the square
    quad = (
        corners[0][0],
        corners[0][1],
        corners[1][0],
        side - corners[1][1],
        side - corners[2][0],
        side - corners[2][1],
        side - corners[3][0],
        corners[3][1],
    )
    return small.transform(
        (side, side), Image.Transform.QUAD, tuple(map(float, quad)), Image.Resampling.BICUBIC
    )


def led_scene(rng: np.random.Generator, thing: str) -> Scene:
    """A scene whose size and place are anything, and are not said."""
    scene = random_scene(rng, [thing])
    if scene.count:
        return scene
    scale = float(rng.uniform(0.7, 1.1))
    free = max(0.05, (1 - scale) / 2)
    dx, dy = (float(value) for value in rng.uniform(-free, free, 2))
    return replace(scene, size=None, place=None, scale=scale, dx=dx, dy=dy)


@dataclass(frozen=True)
class Composer:
    """Composes parts of the data: picture i depends on (seed, i) alone."""

    drawings: dict[str, Image.Image]
    seed: int

    def part(self, numbers: range) -> tuple[Pixels, Pixels, list[Scene]]:
        """Pictures (n, size, size, 3), their outlines as bits (n, size, size / 8), and what they show."""
        objects, pictures, scenes = list(self.drawings), [], []
        for i in numbers:
            rng = np.random.default_rng((self.seed, i))
            scene = led_scene(rng, objects[i % len(objects)])
            pictures.append(compose(scene, bent(self.drawings[scene.object], rng)))
            scenes.append(scene)
        bits = [np.packbits(edges(Image.fromarray(picture)), axis=1) for picture in pictures]
        return np.stack(pictures), np.stack(bits), scenes


@dataclass(frozen=True)
class Outlined:
    """What is learnt from: latents (n, c, s, s) in half precision, outlines as bits, scenes."""

    latents: Pixels
    bits: Pixels
    scenes: list[Scene]


def prepare(
    folder: Path, drawings: dict[str, Image.Image], pipeline: StableDiffusionPipeline, count: int
) -> Outlined:
    """Compose and encode the pictures once."""
    latents_file, bits_file, scenes_file = (
        folder / name for name in ("latents.npy", "bits.npy", "scenes.json")
    )
    if not scenes_file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shape = (count, pipeline.unet.config.in_channels, SIZE // 8, SIZE // 8)
        latents = open_memmap(latents_file, mode="w+", dtype=np.float16, shape=shape)
        bits = open_memmap(bits_file, mode="w+", dtype=np.uint8, shape=(count, SIZE, SIZE // 8))
        scenes: list[Scene] = []
        parts = [range(i, min(i + PART, count)) for i in range(0, count, PART)]
        said = time.monotonic()
        with multiprocessing.get_context("spawn").Pool(os.cpu_count() or 1) as pool:
            for pictures, outlined, known in pool.imap(Composer(drawings, 7).part, parts):
                here = slice(len(scenes), len(scenes) + len(known))
                with torch.no_grad():
                    encoded = pipeline.vae.encode(to_tensor(pictures)).latents
                latents[here] = (encoded * pipeline.vae.config.scaling_factor).numpy()
                bits[here] = outlined
                scenes += known
                if time.monotonic() - said > 20:
                    said = time.monotonic()
                    print(f"pictures: {len(scenes)}/{count}", flush=True)
        latents.flush()
        bits.flush()
        scenes_file.write_text(json.dumps([asdict(scene) for scene in scenes]))
    scenes = [Scene(**entry) for entry in json.loads(scenes_file.read_text())]
    return Outlined(np.load(latents_file, mmap_mode="r"), np.load(bits_file, mmap_mode="r"), scenes)


def make_controlnet(pipeline: StableDiffusionPipeline) -> ControlNetModel:
    """A copy of the UNet's way down; its answers begin at nothing.

    What reads the outlines is thin: as wide as Stable Diffusion's it would cost as much as the whole UNet.
    """
    return ControlNetModel.from_unet(pipeline.unet, conditioning_embedding_out_channels=READER)


def control_stage(data: Outlined, pipeline: StableDiffusionPipeline, device: torch.device) -> Stage:
    """Learn the velocity given outlines as well, from pictures whose outlines say more than their words."""
    scheduler = make_scheduler()
    unet = pipeline.unet.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    text = pipeline.text_encoder.to(device).eval().requires_grad_(False)
    empty = text(encode_tokens([[]]).to(device)).last_hidden_state

    def loss(control: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        which = torch.randint(len(data.scenes), (batch,), generator=generator).tolist()
        captions = some_empty(step_captions([data.scenes[i] for i in which], generator), generator)
        with torch.no_grad():
            words = text(encode_tokens(captions).to(device)).last_hidden_state
        outlined = torch.from_numpy(np.unpackbits(data.bits[which], axis=2)).float()  # (n, size, size)
        outlined *= (torch.rand(batch, 1, 1, generator=generator) >= NONE).float()
        lead = outlined[:, None].expand(-1, 3, -1, -1).to(device, memory_format=torch.channels_last)
        clean = torch.from_numpy(data.latents[which]).float()
        noise = torch.randn(clean.shape, generator=generator)
        times = torch.randint(1000, (batch,), generator=generator)
        noisy = scheduler.add_noise(clean, noise, times).to(device, memory_format=torch.channels_last)
        target = scheduler.get_velocity(clean, noise, times).to(device)

        def velocity(prompt: Tensor) -> Tensor:
            down, middle = control(noisy, times.to(device), prompt, lead, return_dict=False)
            told: Tensor = unet(
                noisy,
                times.to(device),
                prompt,
                down_block_additional_residuals=down,
                mid_block_additional_residual=middle,
                return_dict=False,
            )[0]
            return told.float()

        with torch.no_grad():
            unconditional = velocity(empty.expand(batch, -1, -1))
        guided = unconditional + TRAINING_GUIDANCE * (velocity(words) - unconditional)
        error = (guided - target).square().mean((1, 2, 3)).cpu()
        weight = (1 - scheduler.alphas_cumprod[times]).sqrt()
        mean: Tensor = (weight * error).mean()
        return mean

    return Stage("control", make_controlnet(pipeline), loss)


def export(cache: Path, pipeline: StableDiffusionPipeline, folder: Path = FOLDER) -> None:
    """Write the averaged weights in float16."""
    model = make_controlnet(pipeline)
    averaged(cache / "control.pt", model)
    cast(ControlNetModel, model.half()).save_pretrained(folder)
    write_sums(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the ControlNet of the bundled model.")
    parser.add_argument("--cache", type=Path, default=Path(".cache/mini"), help="checkpoints and pictures")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 leaves it to torch")
    parser.add_argument("--pictures", type=int, default=PICTURES)
    parser.add_argument("--steps", type=int, default=PLAN.steps)
    options = parser.parse_args()
    interrupt.listen()
    torch.manual_seed(0)
    if options.threads:
        torch.set_num_threads(options.threads)
    device = device_of(options.device)
    pipeline = StableDiffusionPipeline.from_pretrained(WEIGHTS, dtype=torch.float32)
    data = prepare(options.cache / "outlined", load_emoji(fetch(options.cache)), pipeline, options.pictures)
    plan = replace(PLAN, steps=options.steps)
    train(control_stage(data, pipeline, device), plan, options.cache, device)
    export(options.cache, pipeline)


if __name__ == "__main__":
    main()
