"""Train `mini` from nothing: `python -m training.train`. Stop it whenever you like, start it again to go on.

Rule: stages run in order, each from its last checkpoint; a finished stage costs nothing to pass again.

    bank         compose pictures from emoji                       3 minutes on two CPU cores
    autoencoder  picture <-> latents                              30 minutes
    latents      encode the bank once                              6 minutes
    text         words, and the plan of a picture behind them     16 minutes
    denoiser     noise -> latents, given words and plan           an hour and more
    judge        says what a picture shows                        30 minutes
    export       write lab/models/mini/weights
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from lab.judge.analyse import SURE_OF_OBJECT
from lab.judge.network import QUESTIONS, Judge, to_tensor
from training import export
from training.autoencoder import (
    CHANNELS,
    autoencoder_stage,
    encode,
    make_autoencoder,
)
from training.bank import Bank, make_bank
from training.data import SIZE, fetch, is_kept_back, load_emoji, load_strangers
from training.denoiser import Denoiser, denoiser_stage, make_unet
from training.judge import (
    accuracy,
    calibrate,
    calibration_error,
    classify_augmented,
    hits,
    judge_stage,
    part_sure,
    save_judge,
    table,
)
from training.loop import TrainConfig, averaged, device_of, half_precision, interrupt, team, train
from training.text import Planner, text_stage

LATENT_SHAPE = (CHANNELS, SIZE // 8, SIZE // 8)

PLANS = {
    "autoencoder": TrainConfig(steps=5600, batch=32, lr=1.2e-3, sample_seconds=180),
    "text": TrainConfig(steps=3000, batch=96, lr=1e-3),
    "denoiser": TrainConfig(steps=8000, batch=48, lr=1e-3, warmup=300, cooldown=0.5, ema=0.997),
    "judge": TrainConfig(steps=4800, batch=48, lr=2e-3),
}
STAGES = ("bank", "autoencoder", "latents", "text", "denoiser", "judge", "export")


@dataclass
class Workshop:
    """Where things lie and what is ready."""

    cache: Path
    device: torch.device
    plans: dict[str, TrainConfig]
    pictures: int

    def bank(self) -> Bank:
        return make_bank(self.cache / "bank", load_emoji(fetch(self.cache)), self.pictures)

    def autoencoder(self) -> None:
        train(autoencoder_stage(self.bank(), self.device), self.plans["autoencoder"], self.cache, self.device)

    def latents(self) -> Tensor:
        """The bank encoded once, scaled to deviation 1, in half precision. (m, 8, 32, 32)"""
        file, bank = self.cache / "latents.npy", self.bank()
        if not file.exists() or np.load(file, mmap_mode="r").shape[0] != len(bank):
            vae = make_autoencoder()
            averaged(self.cache / "autoencoder.pt", vae).to(self.device)
            raw = np.empty((len(bank), *LATENT_SHAPE), np.float16)
            with torch.no_grad():
                for i in range(0, len(bank), 100):
                    pictures = to_tensor(bank.pictures[i : i + 100]).to(self.device)
                    with half_precision(self.device):
                        raw[i : i + 100] = encode(vae, pictures).float().cpu()
                    if i % 10_000 == 0:
                        print(f"latents: {i}/{len(bank)}", flush=True)
            scale = round(1 / float(raw[:2000].astype(np.float32).std()), 4)
            (self.cache / "scale.json").write_text(json.dumps(scale))
            np.save(self.cache / "part.npy", raw * np.float16(scale))
            (self.cache / "part.npy").rename(file)
        return torch.from_numpy(np.load(file))

    def text(self) -> Planner:
        stage = text_stage(self.latents(), self.bank().scenes, self.device)
        return cast(Planner, train(stage, self.plans["text"], self.cache, self.device))

    def denoiser(self) -> None:
        text, vae = self.text().text, export.load_autoencoder(self.cache).to(self.device)
        model = Denoiser(make_unet())
        stage = denoiser_stage(self.latents(), self.bank().scenes, model, text, vae, self.device)
        train(stage, self.plans["denoiser"], self.cache, self.device)

    def strangers(self) -> tuple[Bank, Bank]:
        """Pictures of what `mini` does not draw: to learn from, and one kind in five kept back."""
        drawings = load_strangers(fetch(self.cache))
        unmet = {code: drawing for code, drawing in drawings.items() if is_kept_back(code)}
        met = {code: drawing for code, drawing in drawings.items() if code not in unmet}
        return (
            make_bank(self.cache / "strangers", met, 4000, seed=4, held_out=True),
            make_bank(self.cache / "unmet", unmet, 1000, seed=5, held_out=True),
        )

    def judge(self) -> None:
        met, unmet = self.strangers()
        stage = judge_stage(self.bank(), met, self.device)
        judge = cast(Judge, train(stage, self.plans["judge"], self.cache, self.device)).cpu()
        if not team.leads:
            return
        drawings = load_emoji(fetch(self.cache))
        calibrate(judge, make_bank(self.cache / "fitting", drawings, 2000, seed=2, held_out=True) + met[:500])
        save_judge(judge, self.cache / "judge.safetensors")
        unseen = make_bank(self.cache / "unseen", drawings, 2000, seed=1, held_out=True)
        worn, wanted = classify_augmented(judge, unseen, seed=3), table(judge.labels, unseen.scenes)
        mixed = unseen + unmet[:500]
        figures = {
            "pictures": len(unseen),
            "accuracy": accuracy(judge, unseen),
            "accuracy on worn pictures": hits(worn, wanted),
            "calibration error with strangers": {
                name: calibration_error(answer, want)
                for name, answer, want in zip(
                    QUESTIONS,
                    classify_augmented(judge, mixed, seed=3),
                    table(judge.labels, mixed.scenes).T,
                    strict=True,
                )
            },
        }
        figures["unmet strangers"] = {
            "pictures": len(unmet),
            "sure of an object": part_sure(judge, unmet, SURE_OF_OBJECT),
        }
        print("judge, on pictures it has not seen:", json.dumps(figures), flush=True)
        (self.cache / "judge.json").write_text(json.dumps(figures, indent=1) + "\n")

    def export(self) -> None:
        print("weights:", export.write(self.cache))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the bundled model from nothing.")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/mini"), help="checkpoints, pictures, samples"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads, 0 leaves it to torch")
    parser.add_argument("--pictures", type=int, default=44_000, help="size of the bank")
    parser.add_argument("--batch", type=float, default=1.0, help="multiplies every batch (a big GPU likes 8)")
    parser.add_argument(
        "--steps", action="append", default=[], metavar="STAGE=N", help="train a stage longer or shorter"
    )
    parser.add_argument("--only", choices=STAGES, action="append", help="run these stages (default: all)")
    parser.add_argument(
        "--until",
        metavar="HH:MM",
        help="end each of these stages by this time (UTC), whatever the pace",
    )
    options = parser.parse_args()
    interrupt.listen()
    torch.manual_seed(0)
    device = team.init_process_group(device_of(options.device))
    if options.threads:
        torch.set_num_threads(options.threads)
    wishes = dict(wish.split("=") for wish in options.steps)
    until = None
    if options.until:
        hour, minute = map(int, options.until.split(":"))
        until = datetime.now(UTC).replace(hour=hour, minute=minute, second=0).timestamp()
    plans = {
        name: replace(
            plan,
            until=until if name in (options.only or STAGES) else None,
            batch=round(plan.batch * options.batch),
            steps=int(wishes.get(name, plan.steps)),
        )
        for name, plan in PLANS.items()
    }
    workshop = Workshop(options.cache, device, plans, options.pictures)
    for stage in options.only or STAGES:
        if stage in ("bank", "latents", "export") and not team.leads:
            team.wait()
            continue
        getattr(workshop, stage)()
        if stage in ("bank", "latents", "export"):
            team.wait()


if __name__ == "__main__":
    main()
