"""Does it combine, or does it retrieve? `python -m training.recombination`

Rule: asked for pairs of object and colour that training never showed, a model that only retrieves can do no
better than its nearest training picture. So each sample is put beside that picture and both are judged.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lab.judge.network import load_judge
from training.bank import Bank, make_bank
from training.data import Pixels, compose, fetch, load_emoji
from training.drawing import draw, open_pipeline, prompt_of
from training.evaluate import GUIDANCE, OTHERS, ask, held_out_scenes, record
from training.export import WEIGHTS

SMALL = 32  # pictures are compared at this size: shape and colour count, not pixels
SHOWN = 10


def shrink(pictures: Pixels) -> NDArray[np.float32]:
    """(n, h, w, 3) bytes -> (n, SMALL * SMALL * 3) floats, each the mean of a block."""
    n, side = len(pictures), pictures.shape[1] // SMALL
    small = np.asarray(pictures).reshape(n, SMALL, side, SMALL, side, 3).mean((2, 4), dtype=np.float32)
    flat: NDArray[np.float32] = small.reshape(n, -1)
    return flat


def shrink_all(bank: Bank, batch: int = 500) -> NDArray[np.float32]:
    """The whole bank, small."""
    return np.concatenate([shrink(bank.pictures[i : i + batch]) for i in range(0, len(bank), batch)])


def nearest(samples: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each sample the number of the known picture with the smallest squared distance. (n,)"""
    a, b = torch.from_numpy(samples), torch.from_numpy(known)
    distances = b.square().sum(1)[None] - 2 * a @ b.T  # up to a constant a row
    return distances.argmin(1).numpy()


def mean_difference(a: Pixels, b: Pixels) -> float:
    """Mean absolute difference, 0..255, at the size of comparison."""
    return round(float(np.abs(shrink(a) - shrink(b)).mean()), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description="Show that unseen pairs are combined, not retrieved.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--cache", type=Path, default=Path(".cache/mini"))
    parser.add_argument("--pictures", type=int, default=44_000, help="size of the training bank")
    parser.add_argument("--count", type=int, default=OTHERS)
    parser.add_argument("--json", type=Path, default=WEIGHTS / "figures.json")
    parser.add_argument("--sheet", type=Path, default=Path("docs/pictures/recombination.png"))
    options = parser.parse_args()
    drawings = load_emoji(fetch(options.cache))
    bank = make_bank(options.cache / "bank", drawings, options.pictures)
    judge, scenes = load_judge(options.weights / "judge.safetensors"), held_out_scenes(options.count)
    samples = draw(
        open_pipeline(options.weights), [prompt_of(scene) for scene in scenes], GUIDANCE, first_seed=9000
    )
    known = bank.pictures[nearest(shrink(samples), shrink_all(bank))]
    ideal = np.stack([compose(scene, drawings[scene.object]) for scene in scenes])
    figures = {
        "pairs": len(scenes),
        "training pictures": len(bank),
        "samples": ask(judge, samples, scenes).figures,
        "nearest training pictures": ask(judge, known, scenes).figures,
        "from sample to nearest": mean_difference(samples, known),
        "from sample to composed": mean_difference(samples, ideal),
    }
    print(json.dumps(figures, indent=1))
    rows = [
        np.concatenate([np.asarray(Image.fromarray(p).resize((128, 128))) for p in row[:SHOWN]], axis=1)
        for row in (samples, known, ideal)
    ]
    options.sheet.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).quantize(256).save(options.sheet, optimize=True)
    record(options.json, {"recombination": figures})


if __name__ == "__main__":
    main()
