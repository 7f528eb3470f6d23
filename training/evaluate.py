"""The bars: `python -m training.evaluate` draws fixed prompts with fixed seeds and asks the judge.

Rule: every figure stands beside chance and beside the same model without words, so that it means something.
All figures go to one JSON file, and the model card is written from it (`card.py`): none is copied by hand.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from lab.judge.network import QUESTIONS, Judge, Labels, classify, load_judge
from lab.models.mini.vocabulary import vocabulary
from training.autoencoder import save_sheet
from training.data import Pixels, Scene, is_held_out
from training.drawing import STEPS, draw, open_pipeline, prompt_of, redraw
from training.export import WEIGHTS
from training.judge import hits, numbers, table

COUNT, SOURCES, OTHERS = 200, 100, 40
GUIDANCE = 7.5  # recommended, and that of the assignments
GUIDANCES = (1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 12.0)  # tried, to recommend one
STRENGTHS = (0.35, 0.60, 0.85)
SHOP_PROMPT = (  # the first assignment's own
    "ultra-realistic product shot of sleek black wireless headphones on a minimalist gray background, "
    "studio lighting, sharp focus, professional e-commerce photography"
)


def fixed_scenes(count: int = COUNT) -> list[Scene]:
    """What is asked for: no object twice before each was there once, colours in turn, another background."""
    words, rng = vocabulary(), np.random.default_rng(2026)
    objects, colors, backgrounds = list(words.objects), list(words.colors), list(words.backgrounds)
    order = [objects[i] for i in rng.permutation(len(objects))]
    scenes = []
    for i in range(count):
        color = colors[i % len(colors)]
        others = [background for background in backgrounds if background != color]
        scenes.append(Scene(order[i % len(order)], color, str(rng.choice(others))))
    return scenes


def held_out_scenes(count: int = OTHERS) -> list[Scene]:
    """Pairs of object and colour that training never showed, on white and gray."""
    words, rng = vocabulary(), np.random.default_rng(7)
    pairs = [(o, c) for o in words.objects for c in words.colors if is_held_out(o, c)]
    chosen = [pairs[i] for i in rng.permutation(len(pairs))[:count]]
    return [Scene(o, c, "gray" if c == "white" else "white") for o, c in chosen]


@dataclass(frozen=True)
class Verdict:
    """What the judge says of n pictures that were asked for."""

    scenes: list[Scene]
    answers: list[Tensor]  # logits (n, names) of each question
    labels: Labels

    @property
    def figures(self) -> dict[str, float]:
        """How often the judge finds what was asked for."""
        return {k: round(v, 4) for k, v in hits(self.answers, table(self.labels, self.scenes)).items()}

    def where(self, chosen: list[bool]) -> Verdict:
        """The same for a part of the pictures."""
        which = torch.tensor([i for i, yes in enumerate(chosen) if yes])
        return Verdict([self.scenes[i] for i in which], [a[which] for a in self.answers], self.labels)

    def mistakes(self) -> list[dict[str, object]]:
        """What the judge does not name first: what was asked, which question, what it saw, and the rank."""
        found: list[dict[str, object]] = []
        names = (self.labels.objects, self.labels.colors, self.labels.backgrounds)
        for i, scene in enumerate(self.scenes):
            asked = zip(QUESTIONS, names, self.answers, numbers(self.labels, scene), strict=True)
            for question, answers, logits, number in asked:
                if number < 0:  # an object in its own colours
                    continue
                order = logits[i].argsort(descending=True).tolist()
                said = {"question": question, "seen": answers[order[0]], "rank": order.index(number) + 1}
                if said["rank"] > 1:
                    found.append({"number": i, "asked": prompt_of(scene), **said})
        return found


def ask(judge: Judge, pictures: Pixels, scenes: list[Scene]) -> Verdict:
    """The judge's verdict on pictures and what they should show."""
    return Verdict(scenes, classify(judge, pictures), judge.labels)


def strength_is_monotone(
    pipeline: StableDiffusionPipeline, sources: Pixels, prompts: list[str], guidance: float
) -> float:
    """Part of the sources from which image-to-image moves further the higher the strength."""
    distances = [
        np.abs(redraw(pipeline, sources, prompts, guidance, strength).astype(float) - sources).mean((1, 2, 3))
        for strength in STRENGTHS
    ]
    low, middle, high = distances
    return float(((low < middle) & (middle < high)).mean())


def seconds_per_image(pipeline: StableDiffusionPipeline, guidance: float, times: int = 3) -> float:
    """One picture at a time, guided, the best of a few (the machine may be busy with other things)."""
    taken = []
    for seed in range(times):
        start = time.perf_counter()
        draw(pipeline, [SHOP_PROMPT], guidance, first_seed=seed)
        taken.append(time.perf_counter() - start)
    return round(min(taken), 2)


def record(file: Path, figures: dict[str, object]) -> None:
    """Add figures to the file that the card is written from, in the place of older ones of these names."""
    known = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(known | figures, indent=1) + "\n")


def chances() -> dict[str, float]:
    """What guessing would find."""
    words = vocabulary()
    return {
        "object": 1 / len(words.objects),
        "color": 1 / len(words.colors),
        "background": 1 / len(words.backgrounds),
        "object in five": 5 / len(words.objects),
    }


def evaluate(
    folder: Path, guidance: float, count: int = COUNT, sheet: Path | None = None
) -> dict[str, object]:
    """All figures of a folder of weights but those of `effects` and `recombination`."""
    pipeline, judge = open_pipeline(folder), load_judge(folder / "judge.safetensors")
    scenes, groups = fixed_scenes(count), vocabulary().groups
    prompts = [prompt_of(scene) for scene in scenes]
    print(f"drawing {count} prompts", flush=True)
    pictures = draw(pipeline, prompts, guidance)
    verdict = ask(judge, pictures, scenes)
    print(json.dumps(verdict.figures), flush=True)
    if sheet:
        wide = min(20, count)
        save_sheet([pictures[i : i + wide, ::2, ::2] for i in range(0, count - count % wide, wide)], sheet)
    others = min(OTHERS, count)
    silent = draw(pipeline, [""] * others, 1.0)
    shop = draw(pipeline, [SHOP_PROMPT] * 8, guidance, first_seed=42)
    sources, next_prompts = pictures[:SOURCES], (prompts[7:] + prompts[:7])[:SOURCES]
    print("image to image", flush=True)
    return {
        "guidance": guidance,
        "steps": STEPS,
        "prompts": count,
        "asked and found": verdict.figures,
        "by group": {
            group: verdict.where([scene.object in members for scene in scenes]).figures
            for group, members in groups.items()
            if any(scene.object in members for scene in scenes)
        },
        "by color": {
            color: verdict.where([scene.color == color for scene in scenes]).figures
            for color in vocabulary().colors
            if any(scene.color == color for scene in scenes)
        },
        "mistakes": verdict.mistakes(),
        "without words": {"prompts": others} | ask(judge, silent, scenes[:others]).figures,
        "by guidance": {
            f"{tried:g}": ask(judge, draw(pipeline, prompts[:others], tried), scenes[:others]).figures
            for tried in GUIDANCES
        },
        "chance": chances(),
        "prompt of the assignment": ask(
            judge, shop, [Scene("headphones", "black", "gray", "studio")] * len(shop)
        ).figures,
        "strength moves further": {
            "sources": len(sources),
            "part": strength_is_monotone(pipeline, sources, next_prompts, guidance),
        },
        "seconds per image": seconds_per_image(pipeline, guidance),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the bundled model against its bars.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--count", type=int, default=COUNT, help="prompts to draw")
    parser.add_argument("--json", type=Path, help="also write the figures here (the card reads figures.json)")
    parser.add_argument("--sheet", type=Path, help="also write all pictures here, as one, at half size")
    options = parser.parse_args()
    figures = evaluate(options.weights, options.guidance, options.count, options.sheet)
    print(json.dumps(figures, indent=1))
    if options.json:
        record(options.json, figures)


if __name__ == "__main__":
    main()
