"""The sheet of composed pictures of the assignment `dataset`: `python -m training.composed_set`

Rule: no model draws any of it, and what the assignment's plan never varies is varied here: size, place and
light. Every class stands equally often on every background. Other seeds than in training, so that the sheet
is none of the pictures that `mini` was taught on; the drawings are the same ones.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from crafts.small_net import SIDE
from exercises.composed_set import MAX_SHEET_BYTES
from lab.models.mini.vocabulary import vocabulary
from training.data import PACKAGE, Scene, compose, drawing_of, fetch, random_scene

SEED = 2027
EACH = 4  # pictures of a class on a background


def scene_of(rng: np.random.Generator, thing: str, background: str, colours: list[str]) -> Scene:
    """One thing alone, smaller or larger, off the middle."""
    scene = random_scene(rng, [thing], held_out=True)
    return replace(
        scene,
        color=str(rng.choice(colours)),
        background=background,
        count=None,
        size=None,
        place=None,
        scale=float(rng.uniform(0.5, 0.8)),
        dx=float(rng.uniform(-0.1, 0.1)),
        dy=float(rng.uniform(-0.1, 0.1)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Compose the pictures on which a classifier is tested.")
    parser.add_argument("--cache", type=Path, default=Path(".cache/training"))
    parser.add_argument("--out", type=Path, default=Path("exercises/dataset"))
    options = parser.parse_args()
    plan = tomllib.loads((options.out / "assignment.toml").read_text(encoding="utf-8"))
    exercise = next(each for each in plan["exercises"] if each["kind"] == "dataset")
    assets, rng = fetch(options.cache), np.random.default_rng(SEED)
    colours, columns = list(exercise["colours"]), EACH * len(exercise["backgrounds"])
    sheet = Image.new("RGB", (columns * SIDE, len(exercise["classes"]) * SIDE))
    shows = []
    for row, thing in enumerate(exercise["classes"]):
        drawing = drawing_of(assets, vocabulary().objects[thing])
        for place, background in enumerate(name for name in exercise["backgrounds"] for _ in range(EACH)):
            picture = Image.fromarray(compose(scene_of(rng, thing, background, colours), drawing))
            sheet.paste(picture.resize((SIDE, SIDE), Image.Resampling.BOX), (place * SIDE, row * SIDE))
            shows.append({"thing": thing, "background": background})
    file = options.out / "composed.webp"
    sheet.save(file, lossless=True, method=6)
    assert file.stat().st_size <= MAX_SHEET_BYTES  # noqa: S101 - the loader would refuse it
    card = {
        "side": SIDE,
        "columns": columns,
        "source": f"Composed from drawings of Microsoft’s Fluent Emoji (3D), npm package {PACKAGE}",
        "licence": "MIT, © Microsoft Corporation",
        "shows": shows,
    }
    file.with_suffix(".json").write_text(
        json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
