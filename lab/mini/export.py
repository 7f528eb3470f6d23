"""From checkpoints to the folder that stock diffusers loads.

Rule: the folder is written beside the old one and then takes its place, so a reader always finds a whole one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny

from lab.mini.autoencoder import make_autoencoder
from lab.mini.bank import Bank
from lab.mini.denoiser import Denoiser, make_unet, pipeline_of
from lab.mini.judge import Judge, save_judge
from lab.mini.loop import averaged
from lab.mini.sums import write_sums
from lab.mini.text import make_text_encoder

WEIGHTS = Path(__file__).with_name("weights")
KEPT = ("README.md", "samples.png", "figures.json", "judge.safetensors")  # not made by `write`, carried over


def load_autoencoder(cache: Path) -> AutoencoderTiny:
    """The trained autoencoder, with the sharpened decoder if there is one, and its scale."""
    vae = make_autoencoder()
    averaged(cache / "autoencoder.pt", vae)
    if (cache / "decoder.pt").exists():
        averaged(cache / "decoder.pt", vae.decoder)
    scale_file = cache / "scale.json"
    if scale_file.exists():
        vae.register_to_config(scaling_factor=json.loads(scale_file.read_text()))
    return vae.eval().requires_grad_(False)


def load_denoiser(cache: Path) -> Denoiser:
    """The trained UNet with its text tower."""
    model = Denoiser(make_unet(), make_text_encoder())
    averaged(cache / "denoiser.pt", model)
    return model


def preview_factors(latents: np.ndarray, bank: Bank) -> dict[str, list[float]]:
    """The linear map from a place's numbers to its mean colour, by least squares, for previews while drawing.

    latents (n, 8, 16, 16) as the UNet sees them; colours are 0..1.
    """
    n, channels, side, _ = latents.shape
    size = bank.pictures.shape[1] // side
    blocks = bank.pictures[:n].reshape(n, side, size, side, size, 3).mean((2, 4)) / 255  # (n, 16, 16, 3)
    places = latents.astype(np.float32).transpose(0, 2, 3, 1).reshape(-1, channels)
    solution = np.linalg.lstsq(np.c_[places, np.ones(len(places))], blocks.reshape(-1, 3), rcond=None)[0]
    return {"factors": solution[:-1].round(5).tolist(), "bias": solution[-1].round(5).tolist()}


def forget(file: Path, entry: str) -> None:
    """Take an entry out of a JSON file."""
    data = json.loads(file.read_text())
    data.pop(entry, None)
    file.write_text(json.dumps(data, indent=2) + "\n")


def as_stored(file: Path, **changes: object) -> None:
    """Change entries of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes, indent=2) + "\n")


def write(cache: Path, bank: Bank, folder: Path = WEIGHTS) -> Path:
    """Export the averaged weights in float16."""
    part, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    pipeline_of(load_denoiser(cache), load_autoencoder(cache)).to(torch.float16).save_pretrained(part)
    forget(part / "vae" / "config.json", "block_out_channels")  # AutoencoderTiny sets it, and warns if given
    # without this a plain from_pretrained mixes half and single precision
    as_stored(part / "text_encoder" / "config.json", dtype="float32")
    as_stored(part / "model_index.json", tokenizer=["transformers", "PreTrainedTokenizerFast"])
    latents = np.load(cache / "latents.npy", mmap_mode="r")[:500]
    (part / "latent_rgb.json").write_text(json.dumps(preview_factors(latents, bank), indent=1) + "\n")
    if (cache / "judge.pt").exists():
        judge = Judge()
        averaged(cache / "judge.pt", judge)
        save_judge(judge, part / "judge.safetensors")
    for name in KEPT:
        if (folder / name).exists() and not (part / name).exists():
            shutil.copy(folder / name, part / name)
    write_sums(part)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder
