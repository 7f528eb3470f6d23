"""From checkpoints to a folder: `python -m training.wide.export --checkpoints DIR --out FOLDER`.

Rule: the folder loads in stock diffusers and needs no code of ours; the judge lies beside it in one file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from diffusers import AutoencoderTiny

from training.export import WEIGHTS
from training.wide.denoiser import Denoiser
from training.wide.draw import pipeline_of
from training.wide.judge import Judge, save_judge

MOST = 80 * 2**20  # bytes


def export(model: Denoiser, vae: AutoencoderTiny, judge: Judge, folder: Path) -> int:
    """Write the pipeline in half precision, and the judge. Returns the size in bytes."""
    pipeline_of(model, vae).to(torch.float16).save_pretrained(folder)
    save_judge(judge, folder / "judge.safetensors")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > MOST:
        raise ValueError(f"{folder} holds {size / 2**20:.0f} MiB, more than {MOST / 2**20:.0f}")
    return size


def main() -> None:
    from training.wide.train import load_autoencoder, load_denoiser, load_judge

    parser = argparse.ArgumentParser(description="Write the trained model as a folder for stock diffusers.")
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--start", type=Path, default=WEIGHTS, help="the weights that it all began from")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder, start = options.checkpoints, options.start
    parts = load_denoiser(folder, start), load_autoencoder(folder, start), load_judge(folder)
    print(f"{options.out}: {export(*parts, options.out) / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
