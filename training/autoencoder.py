"""Stage 1, the autoencoder: a 256x256 picture becomes 32x32 places of eight numbers, and a picture again.

Rule: latents leave the encoder with mean 0 and deviation 1 per channel, as a diffusion model wants them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from lab.judge.network import to_tensor
from training.bank import Bank
from training.data import Pixels
from training.loop import Stage

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny

CHANNELS = 8
CROP = 96


def make_autoencoder(width: int = 48, encoder_width: int = 32) -> AutoencoderTiny:
    """Three halvings, few blocks where pictures are large: those cost most and gain least."""
    from diffusers import AutoencoderTiny  # here, so that the judge can look without it

    return AutoencoderTiny(
        latent_channels=CHANNELS,
        encoder_block_out_channels=(encoder_width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        num_encoder_blocks=(0, 1, 2, 3),
        num_decoder_blocks=(4, 3, 1, 0),
        act_fn="silu",
    )


def to_pixels(pictures: Tensor) -> Pixels:
    """(n, 3, h, w) in -1..1 -> (n, h, w, 3) bytes."""
    return pictures.float().clamp(-1, 1).add(1).mul(127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def crops(bank: Bank, generator: torch.Generator, count: int, side: int = CROP) -> Tensor:
    """Random square cuts, nearer to the middle than to the rim, because that is where the object is."""
    size = bank.pictures.shape[1]
    which = torch.randint(len(bank), (count,), generator=generator).tolist()
    spread = torch.randn(count, 2, generator=generator) * 0.25 + 0.5
    corners = (spread.clamp(0, 1) * (size - side)).long().tolist()
    return to_tensor(
        np.stack(
            [bank.pictures[i, y : y + side, x : x + side] for i, (y, x) in zip(which, corners, strict=True)]
        )
    )


def edges(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Differences between neighbours, down and across."""
    return pictures[..., 1:, :] - pictures[..., :-1, :], pictures[..., :, 1:] - pictures[..., :, :-1]


def reconstruction_loss(decoded: Tensor, pictures: Tensor) -> Tensor:
    """Absolute error, plus that of the edges: the eye looks there first."""
    loss = F.l1_loss(decoded, pictures)
    for ours, theirs in zip(edges(decoded), edges(pictures), strict=True):
        loss = loss + F.l1_loss(ours, theirs)
    return loss


def encode(model: AutoencoderTiny, pictures: Tensor) -> Tensor:
    """(n, 3, h, w) in -1..1 -> (n, 8, h / 8, w / 8), not yet scaled."""
    latents: Tensor = model.encode(pictures).latents
    return latents


def autoencoder_stage(bank: Bank, device: torch.device) -> Stage:
    """Train encoder and decoder together on cuts of the bank."""

    def loss(model: nn.Module, generator: torch.Generator, batch: int) -> Tensor:
        pictures = crops(bank, generator, batch).to(device, memory_format=torch.channels_last)
        vae = cast("AutoencoderTiny", model)
        latents = encode(vae, pictures)  # (n, 8, 8, 8)
        flat = latents.float().transpose(0, 1).flatten(1)  # (8, n * 64)
        unit = flat.mean(1).square().mean() + (flat.std(1) - 1).square().mean()
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        decoded = vae.decode(latents + 0.05 * noise).sample.float()  # the denoiser will not be exact either
        return reconstruction_loss(decoded, pictures) + 0.05 * unit

    def sample(model: nn.Module, file: Path) -> None:
        pictures = to_tensor(bank.pictures[:20]).to(device)
        with torch.no_grad():
            decoded = (
                cast("AutoencoderTiny", model).decode(encode(cast("AutoencoderTiny", model), pictures)).sample
            )
        rows = [bank.pictures[:10], to_pixels(decoded[:10]), bank.pictures[10:20], to_pixels(decoded[10:])]
        save_sheet(rows, file)

    return Stage("autoencoder", make_autoencoder(), loss, sample)


def save_sheet(rows: list[Pixels], file: Path) -> None:
    """Rows of pictures as one picture."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate(list(row), axis=1) for row in rows])).save(file)
