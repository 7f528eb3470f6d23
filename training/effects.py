"""What the settings do, measured and shown: `python -m training.effects` (the first assignment's lessons).

Rule: the same prompts with the same seeds, one setting changed at a time, all others as in the baseline.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from diffusers import StableDiffusionPipeline
from PIL import Image

from lab.judge.network import Judge, load_judge
from training.data import Pixels
from training.drawing import choose, draw, open_pipeline, prompt_of
from training.evaluate import ask, fixed_scenes, record
from training.export import WEIGHTS

SHOWN = 6  # prompts on the sheet


@dataclass(frozen=True)
class Setting:
    """One way to draw; the first of a list is the baseline the others are compared with."""

    name: str
    steps: int = 30
    guidance: float = 7.5
    scheduler: str = "EulerA"
    first_seed: int = 0


SETTINGS = (  # those of the assignment, and what shows the extremes
    Setting("baseline"),
    Setting("steps 5", steps=5),
    Setting("steps 15", steps=15),
    Setting("steps 50", steps=50),
    Setting("guidance 1", guidance=1.0),
    Setting("guidance 4", guidance=4.0),
    Setting("guidance 12", guidance=12.0),
    Setting("DDIM", scheduler="DDIM"),
    Setting("another seed", first_seed=5000),
)


def chroma(pictures: Pixels) -> float:
    """Mean distance from gray: the largest less the smallest of red, green and blue, 0..255."""
    return float(np.ptp(pictures.astype(float), axis=-1).mean())


def edges(pictures: Pixels) -> float:
    """Mean difference of neighbouring pixels, 0..255: how much fine structure there is."""
    light = pictures.astype(float).mean(-1)
    return float((np.abs(np.diff(light, axis=1)).mean() + np.abs(np.diff(light, axis=2)).mean()) / 2)


def measure(
    pipeline: StableDiffusionPipeline, judge: Judge, count: int
) -> tuple[dict[str, dict[str, float]], dict[str, Pixels]]:
    """Figures and pictures of every setting."""
    scenes = fixed_scenes(count)
    prompts = [prompt_of(scene) for scene in scenes]
    figures, drawn = {}, {}
    for setting in SETTINGS:
        choose(pipeline, setting.scheduler)
        pictures = draw(pipeline, prompts, setting.guidance, setting.first_seed, setting.steps)
        drawn[setting.name] = pictures
        far = np.abs(pictures.astype(float) - drawn[SETTINGS[0].name]).mean()
        found = ask(judge, pictures, scenes).figures
        figures[setting.name] = {
            "object": found["object"],
            "object in five": found["object in five"],
            "color": found["color"],
            "background": found["background"],
            "away from the baseline": round(float(far), 2),
            "chroma": round(chroma(pictures), 1),
            "edges": round(edges(pictures), 2),
        }
        print(setting.name, json.dumps(figures[setting.name]), flush=True)
    return figures, drawn


def sheet(drawn: dict[str, Pixels], file: Path, side: int = 128) -> None:
    """One column a setting, one row a prompt, in the order of SETTINGS."""
    columns = []
    for setting in SETTINGS:
        small = [Image.fromarray(p).resize((side, side)) for p in drawn[setting.name][:SHOWN]]
        columns.append(np.concatenate([np.asarray(picture) for picture in small]))
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(columns, axis=1)).quantize(256).save(file, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what steps, guidance and scheduler do.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--count", type=int, default=40, help="prompts to draw with each setting")
    parser.add_argument("--json", type=Path, default=WEIGHTS / "figures.json")
    parser.add_argument("--sheet", type=Path, default=Path("docs/pictures/effects.png"))
    options = parser.parse_args()
    judge = load_judge(options.weights / "judge.safetensors")
    figures, drawn = measure(open_pipeline(options.weights), judge, options.count)
    sheet(drawn, options.sheet)
    record(options.json, {"effects": {"prompts": options.count, "settings": figures}})


if __name__ == "__main__":
    main()
