"""The autoencoder: a picture becomes eight numbers for each place of 8 by 8 pixels, and a picture again.

Rule: it must serve any picture, as students begin from their own photographs; so half of what it learns from
is not of the world's drawings: photographs that Python packages bring along, and patterns of every grain.
Only the decoder goes on learning: what latents mean stays as it is, and so does all that was learnt of them.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor, nn

from training.wide.compose import compose
from training.wide.loop import Stage, on
from training.wide.scenes import random_scenes
from training.wide.sheets import save_sheet
from training.wide.sprites import Sprites

CROP = 96
LEARNT = {  # photographs to learn from ...
    "gradio": (
        "media_assets/images/cheetah1.jpg",
        "media_assets/images/lion.jpg",
        "media_assets/images/tower.jpg",
    ),
    "skimage": (
        "data/ihc.png",
        "data/brick.png",
        "data/grass.png",
        "data/gravel.png",
        "data/retina.jpg",
        "data/hubble_deep_field.jpg",
        "data/coins.png",
        "data/camera.png",
    ),
}
MEASURED = {  # ... and others to measure on
    "skimage": (
        "data/astronaut.png",
        "data/chelsea.png",
        "data/coffee.png",
        "data/rocket.jpg",
        "data/motorcycle_left.png",
    ),
    "sklearn": ("datasets/images/china.jpg", "datasets/images/flower.jpg"),
}


def photographs(wanted: dict[str, tuple[str, ...]]) -> list[Tensor]:
    """The photographs of installed packages, each (3, h, w) from -1 to 1; those not there are left out."""
    found = []
    for package, names in wanted.items():
        spec = importlib.util.find_spec(package)
        folder = Path(spec.origin).parent if spec and spec.origin else None
        for name in names:
            if folder and (file := folder / name).exists():
                found.append(to_tensor(Image.open(file).convert("RGB")))
    return found


def to_tensor(picture: Image.Image) -> Tensor:
    """A picture as (3, h, w) from -1 to 1."""
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 127.5 - 1


def square(photograph: Tensor, size: int) -> Tensor:
    """The middle of a photograph, (1, 3, size, size)."""
    side = min(photograph.shape[1:])
    top, left = (photograph.shape[1] - side) // 2, (photograph.shape[2] - side) // 2
    middle = photograph[None, :, top : top + side, left : left + side]
    return F.interpolate(middle, (size, size), mode="bicubic", antialias=True).clamp(-1, 1)


def cuts(photos: list[Tensor], count: int, generator: torch.Generator) -> Tensor:
    """Random cuts of photographs at random scales, mirrored, colours turned. (count, 3, CROP, CROP)"""
    found = []
    for _ in range(count):
        photo = photos[int(torch.randint(len(photos), (1,), generator=generator))]
        least = CROP / min(photo.shape[1:])
        side = round(
            min(photo.shape[1:]) * float(least + (1 - least) * torch.rand(1, generator=generator) ** 2)
        )
        side = max(CROP, side)
        top = int(torch.randint(photo.shape[1] - side + 1, (1,), generator=generator))
        left = int(torch.randint(photo.shape[2] - side + 1, (1,), generator=generator))
        cut = photo[None, :, top : top + side, left : left + side]
        cut = F.interpolate(cut, (CROP, CROP), mode="bilinear", antialias=True)
        turned = torch.rand(3, generator=generator) < 0.5
        cut = cut.flip(3) if turned[0] else cut
        cut = cut.transpose(2, 3) if turned[1] else cut
        cut = cut[:, torch.randperm(3, generator=generator)] if turned[2] else cut
        found.append(cut)
    return torch.cat(found)


def patterns(count: int, generator: torch.Generator) -> Tensor:
    """Noise like nature's: grains, each half as large and about half as strong. (count, 3, CROP, CROP)"""
    total: Tensor = torch.zeros(count, 3, CROP, CROP)
    for cells in (2, 4, 8, 16, 32, 64):
        grain = torch.randn(count, 3, cells, cells, generator=generator)
        grain = grain * 0.35 + grain.mean(1, keepdim=True) * 0.9  # mostly light and dark, some colour
        strength: Tensor = (2.0 / cells) ** (0.5 + 0.8 * torch.rand(count, 1, 1, 1, generator=generator))
        total += strength * F.interpolate(grain, (CROP, CROP), mode="bicubic")
    loudness = 0.3 + 0.5 * torch.rand(count, 1, 1, 1, generator=generator)
    return torch.clamp(total * loudness, -1, 1)


def encode(vae: AutoencoderTiny, pictures: Tensor) -> Tensor:
    """(n, 3, h, w) from -1 to 1 -> (n, 8, h / 8, w / 8), scaled as the denoiser sees them."""
    latents: Tensor = vae.encode(pictures).latents * vae.config.scaling_factor
    return latents


def decode(vae: AutoencoderTiny, latents: Tensor) -> Tensor:
    """The way back."""
    pictures: Tensor = vae.decode(latents / vae.config.scaling_factor).sample
    return pictures


def reconstruction_loss(decoded: Tensor, pictures: Tensor) -> Tensor:
    """Absolute error, squared error (what PSNR measures), and the edges' error: the eye looks there first."""
    loss = F.l1_loss(decoded, pictures) + 3 * F.mse_loss(decoded, pictures)
    for axis in (2, 3):
        loss = loss + 0.5 * F.l1_loss(decoded.diff(dim=axis), pictures.diff(dim=axis))
    return loss


def autoencoder_stage(sprites: Sprites, device: torch.device, vae: AutoencoderTiny) -> Stage:
    """Train the decoder further: half on compositions, half on photographs and patterns."""
    vae.encoder.requires_grad_(False)
    photos = [photo.to(device) for photo in photographs(LEARNT)]

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        vae = cast(AutoencoderTiny, model)
        drawn = batch // 2
        here = on(device, generator)
        scenes = random_scenes(drawn, sprites, here)
        large = compose(scenes[: drawn // 2], sprites, 2 * CROP)
        corner = torch.randint(CROP, (2,), generator=generator).tolist()
        parts = [large[:, :, corner[0] : corner[0] + CROP, corner[1] : corner[1] + CROP]]
        parts.append(compose(scenes[drawn // 2 :], sprites, CROP))
        plain = batch // 8 if photos else batch - drawn
        parts.append(patterns(plain, generator).to(device))
        if photos:
            parts.append(cuts(photos, batch - drawn - plain, generator))
        pictures = torch.cat(parts).to(memory_format=torch.channels_last)
        with torch.no_grad():
            latents = vae.encode(pictures).latents
        noise = torch.randn(latents.shape, generator=here, device=device)
        decoded = vae.decode(latents + 0.03 * noise).sample.float()  # the denoiser will not be exact either
        return reconstruction_loss(decoded, pictures)

    def sample(model: nn.Module, file: Path) -> None:
        vae = cast(AutoencoderTiny, model)
        pictures = torch.cat([square(photo, 256) for photo in photographs(MEASURED)]).to(device)
        decoded = vae.decode(vae.encode(pictures).latents).sample.float()
        print(f"autoencoder: {psnr(decoded, pictures).mean():.2f} dB on photographs", flush=True)
        save_sheet([pictures, decoded], file)

    return Stage("autoencoder", vae, loss, sample)


def psnr(decoded: Tensor, pictures: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each picture in dB. (n, 3, h, w) from -1 to 1 -> (n,)"""
    error = (decoded.float().clamp(-1, 1) - pictures).square().mean((1, 2, 3))
    return 10 * (4 / error).log10()
