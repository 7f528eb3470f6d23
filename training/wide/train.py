"""`mini` goes on learning, from the wide world: `python -m training.wide.train --minutes 90 --out DIR`.

Rule: the whole command is a box of time, in which each stage has a share. What is in `--out` is gone on with;
what is not begins from the lab's weights, and the judge from nothing. So the same command makes a first try
in minutes on a CPU, goes on in the background for days, and uses up ten minutes of a GPU.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline

from training.export import WEIGHTS
from training.wide import sprites
from training.wide.autoencoder import autoencoder_stage
from training.wide.denoiser import Denoiser, denoiser_stage, make_scheduler
from training.wide.draw import SHEET, draw, pipeline_of
from training.wide.judge import Judge, judge_stage
from training.wide.loop import Plan, Stage, averaged, train
from training.wide.retime import retime
from training.wide.sheets import in_rows, save_sheet
from training.wide.sprites import Sprites
from training.wide.text import widened

SHARES = {"judge": 0.15, "autoencoder": 0.10, "denoiser": 0.75}  # of the time
REUSE = 4  # how often an example is learnt from; three times as often where it also had to be encoded


def begun_from(folder: Path) -> tuple[Denoiser, AutoencoderTiny]:
    """Denoiser and autoencoder of a folder of weights, with room for the new words, at this world's times."""
    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    retime(pipeline.unet, pipeline.scheduler.alphas_cumprod, make_scheduler().alphas_cumprod)
    return Denoiser(pipeline.unet, widened(pipeline.text_encoder)), pipeline.vae


def load_autoencoder(out: Path, start: Path = WEIGHTS) -> AutoencoderTiny:
    """The autoencoder that was trained in `out`; where none was, the one that it would begin from."""
    vae = begun_from(start)[1]
    if (out / "autoencoder.pt").exists():
        averaged(out / "autoencoder.pt", vae)
    return vae


def load_judge(out: Path) -> Judge:
    """The judge that was trained in `out`."""
    judge = Judge()
    averaged(out / "judge.pt", judge)
    return judge


def load_denoiser(out: Path, start: Path = WEIGHTS) -> Denoiser:
    """The denoiser that was trained in `out`, which began from the weights in `start`."""
    model = begun_from(start)[0]
    averaged(out / "denoiser.pt", model)
    return model


def stage_of(
    name: str,
    out: Path,
    start: Path,
    world: Sprites,
    device: torch.device,
    graphs: bool = False,
    compiled: bool = False,
) -> Stage:
    """A stage, ready to be trained; the denoiser needs what the autoencoder left in `out`."""
    chunk = 960 if device.type == "cuda" else 1
    if name == "judge":
        return judge_stage(world, device, REUSE, chunk)
    if name == "autoencoder":
        return autoencoder_stage(world, device, begun_from(start)[1])
    vae = load_autoencoder(out, start)

    def sample(mean: Denoiser, file: Path) -> None:
        pictures = draw(pipeline_of(mean, vae), SHEET, guidance=5.0, steps=20, scheduler="DDIM")
        save_sheet(in_rows(pictures, 8), file)

    model = begun_from(start)[0]
    size = 8 * model.unet.config.sample_size  # pixels, down and across
    return denoiser_stage(world, model, vae, size, device, 3 * REUSE, chunk, sample, graphs, compiled)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train mini on the wide world, in a box of time.")
    parser.add_argument("--minutes", type=float, required=True, help="for all stages together")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    parser.add_argument("--start", type=Path, default=WEIGHTS, help="folder of weights to begin from")
    parser.add_argument(
        "--sprites", type=Path, help="the packed drawings (default: sprites.zip beside --out)"
    )
    parser.add_argument("--stages", nargs="+", choices=SHARES, default=list(SHARES))
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="on a CPU")
    parser.add_argument("--batch", type=int, default=64, help="pictures a step")
    parser.add_argument("--lr", type=float, default=5e-4)
    parser.add_argument(
        "--cooldown", type=float, default=1.0, help="the part of the time in which the rate falls to nothing"
    )
    parser.add_argument("--graphs", action="store_true", help="record the UNet as CUDA graphs: much faster")
    parser.add_argument("--compile", action="store_true", help="compile the UNet, which takes minutes first")
    options = parser.parse_args()
    deadline = time.monotonic() + 60 * options.minutes
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True  # the sizes never change, so the fastest way is worth finding
    device = torch.device(options.device)
    world = sprites.load(options.sprites or options.out.parent / "sprites.zip").to(device)
    for i, name in enumerate(options.stages):
        share = SHARES[name] / sum(SHARES[each] for each in options.stages[i:])
        minutes = (deadline - time.monotonic()) / 60 * share
        if minutes <= 0:
            break
        plan = Plan(minutes, options.batch, options.lr, cooldown=options.cooldown)
        stage = stage_of(name, options.out, options.start, world, device, options.graphs, options.compile)
        train(stage, plan, options.out, device)


if __name__ == "__main__":
    main()
