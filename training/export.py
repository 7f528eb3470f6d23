"""From checkpoints to the folder that stock diffusers loads.

Rule: the folder is written beside the old one and then takes its place, so a reader always finds a whole one.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from transformers import CLIPTextModel

from lab.models.checksums import write_sums
from training.autoencoder import CHANNELS, make_autoencoder
from training.data import SIZE
from training.denoiser import Denoiser, make_unet, pipeline_of
from training.loop import averaged
from training.text import Planner

WEIGHTS = Path(__file__).parents[1] / "lab" / "models" / "mini" / "weights"
KEPT = ("README.md", "samples.png", "figures.json", "judge.safetensors")  # not made by `write`, carried over


def load_autoencoder(cache: Path) -> AutoencoderTiny:
    """The trained autoencoder with its scale."""
    vae = make_autoencoder()
    averaged(cache / "autoencoder.pt", vae)
    scale_file = cache / "scale.json"
    if scale_file.exists():
        vae.register_to_config(scaling_factor=json.loads(scale_file.read_text()))
    return vae.eval().requires_grad_(False)


def load_unet(cache: Path) -> UNet2DConditionModel:
    """The trained UNet."""
    model = Denoiser(make_unet())
    averaged(cache / "denoiser.pt", model)
    return model.unet


def load_text_encoder(cache: Path) -> CLIPTextModel:
    """The trained text encoder."""
    planner = Planner(CHANNELS, SIZE // 8)
    averaged(cache / "text.pt", planner)
    return planner.text


def forget(file: Path, entry: str) -> None:
    """Take an entry out of a JSON file."""
    data = json.loads(file.read_text())
    data.pop(entry, None)
    file.write_text(json.dumps(data, indent=2) + "\n")


def as_stored(file: Path, **changes: object) -> None:
    """Change entries of a JSON file."""
    file.write_text(json.dumps(json.loads(file.read_text()) | changes, indent=2) + "\n")


def write(cache: Path, folder: Path = WEIGHTS) -> Path:
    """Export the averaged weights in float16."""
    part, old = folder.with_name(folder.name + ".part"), folder.with_name(folder.name + ".old")
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)
    pipeline = pipeline_of(load_unet(cache), load_text_encoder(cache), load_autoencoder(cache))
    pipeline.to(torch.float16).save_pretrained(part)
    forget(part / "vae" / "config.json", "block_out_channels")  # AutoencoderTiny sets it, and warns if given
    # without this a plain from_pretrained mixes half and single precision
    as_stored(part / "text_encoder" / "config.json", dtype="float32")
    as_stored(part / "model_index.json", tokenizer=["transformers", "PreTrainedTokenizerFast"])
    if (cache / "judge.safetensors").exists():
        shutil.copy(cache / "judge.safetensors", part)
    for name in KEPT:
        if (folder / name).exists() and not (part / name).exists():
            shutil.copy(folder / name, part / name)
    write_sums(part)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
    return folder
