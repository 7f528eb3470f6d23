"""Do words of number, size and place do what they say? `python -m training.places`

Rule: measured on pixels alone, by what differs from the background's colour; the judge has no say.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.models.mini.vocabulary import vocabulary
from training.data import Pixels, Scene
from training.drawing import draw, open_pipeline
from training.evaluate import GUIDANCE, fixed_scenes, record
from training.export import WEIGHTS

Mask = NDArray[np.bool_]
FAR = 90  # sum of the three channels' differences from the background, of 765, where something stands
LEAST = 0.03  # of the side: thinner things are no object, narrower gaps no gap


def covered(picture: Pixels) -> Mask:
    """Where something stands: (h, w, 3) bytes -> (h, w). The background is the median of the rim."""
    values = picture.astype(int)
    rim = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    mask: Mask = np.abs(values - np.median(rim, axis=0)).sum(-1) > FAR
    return mask


def middle(mask: Mask) -> tuple[float, float]:
    """The centre of all that is covered, across and down, in sides."""
    y, x = np.nonzero(mask)
    return (float(x.mean()) / mask.shape[1], float(y.mean()) / mask.shape[0]) if len(x) else (0.5, 0.5)


def extent(mask: Mask) -> float:
    """The longer side of the box around all but the last few covered pixels, in sides."""
    y, x = np.nonzero(mask)
    if not len(x):
        return 0.0
    spans = [np.ptp(np.percentile(values, [1, 99])) / mask.shape[0] for values in (x, y)]
    return float(max(spans))


def number(mask: Mask) -> int:
    """How many things stand side by side: runs of covered columns with gaps between them."""
    side = mask.shape[1]
    columns = mask.mean(0) > LEAST
    edges = np.flatnonzero(np.diff(np.r_[0, columns.astype(int), 0]))
    runs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > LEAST * side]
    gaps = sum(b[0] - a[1] > LEAST * side / 3 for a, b in pairwise(runs))
    return int(gaps) + bool(runs)


KEPT: dict[str, Callable[[Mask], bool]] = {
    "left": lambda mask: middle(mask)[0] < 0.4,
    "right": lambda mask: middle(mask)[0] > 0.6,
    "at the top": lambda mask: middle(mask)[1] < 0.4,
    "at the bottom": lambda mask: middle(mask)[1] > 0.6,
    "small": lambda mask: extent(mask) < 0.55,
    "large": lambda mask: extent(mask) > 0.75,
    "two": lambda mask: number(mask) == 2,
    "three": lambda mask: number(mask) == 3,
}


def prompt_with(word: str, scene: Scene) -> str:
    """The scene's prompt with one word more."""
    thing = f"{scene.color} {vocabulary().names[scene.object][0]}"
    ground = f"on a {scene.background} background"
    if word in ("small", "large", "two", "three"):
        return f"{word} {thing} {ground}"
    return f"{thing} {'on the ' + word if word in ('left', 'right') else word} {ground}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what words of number, size and place do.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--count", type=int, default=20, help="prompts for each word")
    parser.add_argument("--json", type=Path, default=WEIGHTS / "figures.json")
    options = parser.parse_args()
    pipeline, scenes = open_pipeline(options.weights), fixed_scenes(options.count)
    plain = draw(pipeline, [prompt_with("", scene) for scene in scenes], GUIDANCE)
    figures = {}
    for word, kept in KEPT.items():
        pictures = draw(pipeline, [prompt_with(word, scene) for scene in scenes], GUIDANCE)
        figures[word] = {
            "said": float(np.mean([kept(covered(picture)) for picture in pictures])),
            "not said": float(np.mean([kept(covered(picture)) for picture in plain])),
        }
        print(word, json.dumps(figures[word]), flush=True)
    record(options.json, {"places": {"prompts": options.count, "words": figures}})


if __name__ == "__main__":
    main()
