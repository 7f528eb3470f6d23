"""Everything from drawings to a model: `python -m training.wide.train --minutes 9 --device cuda --out DIR`.

Rule: the whole command is a box of time, in which each stage has a share; what is in `--out` is gone on with,
what is missing there is taken from `--start`, and what is in neither begins from nothing. So the same command
makes a first try in minutes on a CPU, goes on in the background for days, and uses up ten minutes of a GPU.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path

import torch
from diffusers import AutoencoderTiny

from training.wide import sprites
from training.wide.autoencoder import autoencoder_stage, make_autoencoder
from training.wide.contrast import Contrast, contrast_stage
from training.wide.denoiser import WIDTHS, Denoiser, denoiser_stage, grown, make_unet, widths_of
from training.wide.draw import SHEET, draw, pipeline_of
from training.wide.loop import Plan, Stage, averaged, team, train
from training.wide.sheets import in_rows, save_sheet
from training.wide.sprites import Sprites
from training.wide.text import make_text_encoder

SHARES = {"autoencoder": 0.20, "contrast": 0.10, "denoiser128": 0.20, "denoiser256": 0.50}  # of the time
REUSE = 4  # how often an example is learnt from; three times as often where it also had to be encoded
BATCHES = {  # of each process
    "cpu": {"autoencoder": 24, "contrast": 64, "denoiser128": 32, "denoiser256": 16},
    "cuda": {"autoencoder": 128, "contrast": 512, "denoiser128": 512, "denoiser256": 512},
}


def load_autoencoder(folder: Path) -> AutoencoderTiny:
    """The autoencoder that was trained, ready to be used."""
    vae = make_autoencoder()  # its scaling factor is 1, as its latents have deviation 1 already
    averaged(folder / "autoencoder.pt", vae)
    return vae


def load_contrast(folder: Path) -> Contrast:
    """Judge and text encoder that were trained together."""
    contrast = Contrast()
    averaged(folder / "contrast.pt", contrast)
    return contrast


def load_denoiser(folder: Path, size: int) -> Denoiser:
    """The denoiser for pictures of `size` pixels."""
    file = folder / f"denoiser{size}.pt"
    model = Denoiser(make_unet(size, widths_in(file)), make_text_encoder())
    averaged(file, model)
    return model


def widths_in(file: Path) -> tuple[int, ...]:
    """The channels of each level of the denoiser in a checkpoint; none if there is no such file."""
    return widths_of(torch.load(file, weights_only=True, mmap=True)["ema"]) if file.exists() else ()


def stage_of(
    name: str, folder: Path, world: Sprites, device: torch.device, kind: str, graphs: bool = False
) -> Stage:
    """A stage, ready to be trained; later ones need what earlier ones left in `folder`."""
    chunk = 960 if device.type == "cuda" else 1
    if name == "autoencoder":
        return autoencoder_stage(world, device, make_autoencoder())
    if name == "contrast":
        return contrast_stage(world, device, REUSE, chunk)
    size = int(name.removeprefix("denoiser"))
    vae, contrast = load_autoencoder(folder), load_contrast(folder)
    known = widths_in(folder / f"{name}.pt") or widths_in(folder / "denoiser128.pt") or WIDTHS[kind]
    whole = next(each for each in WIDTHS.values() if each[-3:] == known[-3:])  # what is begun is gone on with
    model = Denoiser(make_unet(size, whole if size == 256 else whole[1:]), contrast.text.requires_grad_(True))
    if size == 256 and (folder / "denoiser128.pt").exists():
        small = load_denoiser(folder, 128)
        model.unet.load_state_dict(grown(small.unet.state_dict(), model.unet))
        model.text.load_state_dict(small.text.state_dict())

    def sample(mean: Denoiser, file: Path) -> None:
        pictures = draw(pipeline_of(mean, vae), SHEET, guidance=5.0, steps=20, scheduler="DDIM")
        save_sheet(in_rows(pictures, 8), file)

    return denoiser_stage(world, model, vae, contrast.judge, size, device, 3 * REUSE, chunk, sample, graphs)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the wide world's model, in a box of time.")
    parser.add_argument("--minutes", type=float, required=True, help="for all stages together")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--start", type=Path, help="folder of checkpoints to begin from")
    parser.add_argument(
        "--sprites", type=Path, help="the packed drawings (default: sprites.zip beside --out)"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--stages", nargs="+", choices=SHARES, default=list(SHARES))
    parser.add_argument("--model", choices=WIDTHS, help="default: small on a CPU, large on a GPU")
    parser.add_argument("--threads", type=int, help="of each process, on a CPU")
    parser.add_argument("--batch", type=int, help="pictures a step, of each process")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument(
        "--cooldown", type=float, default=0.3, help="the part of the time in which the rate falls to nothing"
    )
    parser.add_argument("--graphs", action="store_true", help="record the UNet as CUDA graphs: much faster")
    options = parser.parse_args()
    deadline = time.monotonic() + 60 * options.minutes
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True  # the sizes never change, so the fastest way is worth finding
    device = torch.device(options.device)
    kind = options.model or ("large" if device.type == "cuda" else "small")
    options.out.mkdir(parents=True, exist_ok=True)
    leads = int(os.environ.get("RANK", "0")) == 0
    for name in SHARES if leads and options.start else ():
        begun, ours = options.start / f"{name}.pt", options.out / f"{name}.pt"
        fits = not name.startswith("denoiser") or widths_in(begun)[-3:] == WIDTHS[kind][-3:]
        if begun.exists() and fits and not ours.exists():
            shutil.copy(begun, ours)
    team()
    world = sprites.load(options.sprites or options.out.parent / "sprites.zip").to(device)
    for i, name in enumerate(options.stages):
        share = SHARES[name] / sum(SHARES[each] for each in options.stages[i:])
        minutes = (deadline - time.monotonic()) / 60 * share
        if minutes <= 0:
            break
        batch = options.batch or BATCHES[device.type][name]
        plan = Plan(minutes, batch, options.lr, cooldown=options.cooldown)
        train(stage_of(name, options.out, world, device, kind, options.graphs), plan, options.out, device)


if __name__ == "__main__":
    main()
