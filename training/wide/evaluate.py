"""The bars measured: `python -m training.wide.evaluate --weights FOLDER --out DIR`.

Rule: fixed prompts, fixed seeds, the stock pipeline, and a judge that learnt from compositions only. Writes
`figures.json` and the sheets `effects.png` (one row an object; the same seed under every setting) and
`recombination.png` (what was drawn, and the nearest of many compositions that answer the same prompt).
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from diffusers import StableDiffusionPipeline
from torch import Tensor

from training.wide import sprites
from training.wide.asks import Asks, fixed_asks, held_out_asks
from training.wide.autoencoder import MEASURED, photographs, psnr, square
from training.wide.bars import Figures, bars, table
from training.wide.blind import named_rightly, traits
from training.wide.draw import GUIDANCE, SCHEDULERS, STEPS, draw, open_pipeline, redraw
from training.wide.judge import Judge, hits, load_judge, opinions
from training.wide.measures import chroma, clipped, distance, edges, gist_distance, ssim
from training.wide.sheets import save_sheet
from training.wide.sprites import Sprites
from training.wide.words import world

OTHER_SEED = 1_000_042
SETTINGS: dict[str, dict[str, float | int | str]] = {
    "5 steps": {"steps": 5},
    "15 steps": {"steps": 15},
    "50 steps": {"steps": 50},
    "guidance 1": {"guidance": 1.0},
    "guidance 4": {"guidance": 4.0},
    "guidance 12": {"guidance": 12.0},
    "DDIM": {"scheduler": "DDIM"},
}
SWEEP = ("15 steps", "50 steps", "guidance 4", "guidance 12", "DDIM")  # the first assignment's
EFFECTS = (
    "a red backpack on a white background",
    "black headphones on a gray background, studio lighting",
    "a blue teapot on a yellow background",
    "a green running shoe on a white background",
    "a purple handbag on a pink background",
    "an orange guitar on a blue background",
    "a yellow car on a gray background",
    "a camera on a turquoise background",
)


def averages(pictures: Tensor, baseline: Tensor, judge: Judge, asks: Asks) -> Figures:
    """What one setting does, on average."""
    found = hits(opinions(judge, pictures), asks.truths())
    measured = {"chroma": chroma(pictures), "clipped": clipped(pictures), "edges": edges(pictures)}
    measured["distance"] = distance(pictures, baseline)
    return {"object": round(found["object"], 4)} | {k: round(float(v.mean()), 4) for k, v in measured.items()}


def judge_figures(judge: Judge, world: Sprites, size: int, device: torch.device, count: int) -> Figures:
    """The judge itself, on compositions of which it has seen none."""
    asks = fixed_asks(count)
    pictures = asks.compositions(world, size, 777, device)
    return {name: round(value, 4) for name, value in hits(opinions(judge, pictures), asks.truths()).items()}


def seed_figures(
    judge: Judge, one: Tensor, other: Tensor, strong: tuple[Tensor, Tensor], worlds: tuple[Tensor, Tensor]
) -> Figures:
    """How much two seeds differ, against how much two compositions of one caption do."""
    pixels, gist = distance(one, other).mean(), gist_distance(judge, one, other).mean()
    return {
        "distance": round(float(pixels), 2),
        "distance of compositions": round(float(distance(*worlds).mean()), 2),
        "pixels": round(float(pixels / distance(*worlds).mean()), 3),
        "gist": round(float(gist / gist_distance(judge, *worlds).mean()), 3),
        "at guidance 12": round(float(distance(*strong).mean()), 2),
    }


def strength_figures(pipeline: StableDiffusionPipeline, judge: Judge, sources: Tensor, asks: Asks) -> Figures:
    """Image to image from compositions: how far it goes, and whose object one sees."""
    goal = asks.turned(7)
    drawn = {strength: redraw(pipeline, sources, goal.prompts(), strength) for strength in (0.35, 0.60, 0.85)}
    low, middle, high = (distance(pictures, sources) for pictures in drawn.values())
    return {
        "sources": len(sources),
        "monotone": float(((low < middle) & (middle < high)).float().mean()),
        "source at 0.35": hits(opinions(judge, drawn[0.35]), asks.truths())["object"],
        "prompt at 0.85": hits(opinions(judge, drawn[0.85]), goal.truths())["object"],
    }


def style_figure(pipeline: StableDiffusionPipeline, judge: Judge, count: int) -> float:
    """How often a style that is named in the prompt is the one the judge sees."""
    asks = fixed_asks(count)
    style = torch.arange(count) % len(world().styles)
    pictures = draw(pipeline, asks.prompts(style))
    return round(hits(opinions(judge, pictures), asks.truths(style))["style"], 4)


def autoencoder_figures(pipeline: StableDiffusionPipeline) -> Figures:
    """What is left of photographs, and of nothing else, after there and back."""
    photos = photographs(MEASURED)
    if not photos:
        return {"photographs": 0, "psnr": 0.0, "ssim": 0.0}
    pictures = torch.cat([square(photo, 256) for photo in photos]).to(pipeline.device)
    with torch.no_grad():
        decoded = pipeline.vae.decode(pipeline.vae.encode(pictures).latents).sample.float().clamp(-1, 1)
    figures = {"psnr": psnr(decoded, pictures), "ssim": ssim(decoded, pictures)}
    return {"photographs": len(photos)} | {name: round(float(v.mean()), 3) for name, v in figures.items()}


def effects(pipeline: StableDiffusionPipeline, file: Path) -> None:
    """Columns: baseline, two other seeds, then every setting with the baseline's seed."""
    columns = [draw(pipeline, EFFECTS), draw(pipeline, EFFECTS, seed=123), draw(pipeline, EFFECTS, seed=999)]
    columns += [draw(pipeline, EFFECTS, **setting) for setting in SETTINGS.values()]  # type: ignore[arg-type]
    save_sheet(list(torch.stack(columns, 1)), file)


def recombination(
    drawn: Tensor, asks: Asks, sprites: Sprites, file: Path, device: torch.device, tries: int = 300
) -> Figures:
    """The nearest of many compositions of the same caption, which is to be another picture than was drawn."""
    nearest, gaps = [], []
    for i in range(len(drawn)):
        same = Asks(*(each[i].repeat(tries) for each in (asks.object, asks.color, asks.background)))
        compositions = same.compositions(sprites, drawn.shape[-1], i, device)
        gap, which = distance(compositions, drawn[i : i + 1].expand_as(compositions)).min(0)
        nearest.append(compositions[which])
        gaps.append(float(gap))
    save_sheet([drawn, torch.stack(nearest)], file)
    return {
        "pictures": len(drawn),
        "compositions": tries,
        "nearest distance": round(sum(gaps) / len(gaps), 2),
    }


def evaluate(folder: Path, drawings: Path, out: Path, count: int, some: int, device: torch.device) -> Figures:
    """All figures. `count` prompts are drawn once, `some` of them with every setting."""
    pipeline, judge = open_pipeline(folder, device), load_judge(folder / "judge.safetensors")
    sprites_there = sprites.load(drawings).to(device)
    size = pipeline.unet.config.sample_size * pipeline.vae_scale_factor
    out.mkdir(parents=True, exist_ok=True)
    effects(pipeline, out / "effects.png")
    print("effects.png is drawn", flush=True)

    asks, known = fixed_asks(count), held_out_asks(max(4, some * 2 // 5))
    start = time.perf_counter()
    baseline = draw(pipeline, asks.prompts())
    figures: Figures = {
        "prompts": count,
        "with settings": some,
        "size": size,
        "steps": STEPS,
        "guidance": GUIDANCE,
        "seconds per picture": round((time.perf_counter() - start) / count, 3),
        "asked and found": {
            k: round(v, 4) for k, v in hits(opinions(judge, baseline), asks.truths()).items()
        },
        "judge": judge_figures(judge, sprites_there, size, device, 5 * count),
        "autoencoder": autoencoder_figures(pipeline),
    }
    print(json.dumps(figures), flush=True)

    few, usual = asks.first(some), baseline[:some]
    drawn = {name: draw(pipeline, few.prompts(), **setting) for name, setting in SETTINGS.items()}  # type: ignore[arg-type]
    figures["settings"] = {"baseline": averages(usual, usual, judge, few)}
    figures["settings"] |= {name: averages(pictures, usual, judge, few) for name, pictures in drawn.items()}
    other = draw(pipeline, few.prompts(), seed=OTHER_SEED)
    strong = draw(pipeline, few.prompts(), guidance=12.0, seed=OTHER_SEED)
    worlds = tuple(few.compositions(sprites_there, size, seed, device) for seed in (1, 2))
    figures["seeds"] = seed_figures(
        judge, usual, other, (drawn["guidance 12"], strong), (worlds[0], worlds[1])
    )
    print(json.dumps({k: figures[k] for k in ("settings", "seeds")}), flush=True)

    plain = draw(pipeline, known.prompts())
    seen = [traits(judge, usual, drawn[name]) for name in SWEEP]
    asked = [traits(judge, plain, draw(pipeline, known.prompts(), **SETTINGS[name])) for name in SWEEP]  # type: ignore[arg-type]
    figures["blind order"] = named_rightly(torch.cat([torch.stack(seen, 1), torch.stack(asked, 1)]), some)
    figures["held out pairs"] = hits(opinions(judge, plain), known.truths())
    figures["strength"] = strength_figures(pipeline, judge, worlds[0], few)
    figures["styles"] = style_figure(pipeline, judge, some)
    figures["schedulers"] = {
        name: averages(
            draw(pipeline, few.first(16).prompts(), scheduler=name), usual[:16], judge, few.first(16)
        )
        for name in SCHEDULERS
    }
    figures["recombination"] = recombination(
        usual[:8], few.first(8), sprites_there, out / "recombination.png", device
    )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure an exported model against its bars.")
    parser.add_argument("--weights", type=Path, required=True, help="an exported folder")
    parser.add_argument("--sprites", type=Path, required=True, help="the packed drawings")
    parser.add_argument("--out", type=Path, required=True, help="folder of figures.json and the sheets")
    parser.add_argument("--count", type=int, default=200, help="prompts")
    parser.add_argument("--some", type=int, default=100, help="prompts that are drawn with every setting")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    some = min(options.some, options.count)
    figures = evaluate(
        options.weights, options.sprites, options.out, options.count, some, torch.device(options.device)
    )
    found = bars(figures)
    figures["bars"] = [vars(bar) for bar in found]
    (options.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
