"""The model card: `python -m training.card` writes README.md and samples.png from what was measured.

Rule: no figure of the card is written by hand. They come from figures.json, the checkpoints and the files.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image
from safetensors import safe_open

from lab.models.mini.vocabulary import vocabulary
from training.denoiser import SHEET
from training.drawing import draw, open_pipeline
from training.export import WEIGHTS

STAGES = {
    "autoencoder": "`AutoencoderTiny`, 256x256x3 to 32x32x8 and back, L1 and edges",
    "text": "`CLIPTextModel` of three layers: words, and a plan of the picture behind them",
    "denoiser": "`UNet2DConditionModel`, four levels, attention at 16x16, 8x8, 4x4, v-prediction, EMA",
    "judge": "six convolutions, for measuring and for opinions; no part of the pipeline",
}
PARTS = {
    "pipeline": ("unet", "vae", "text_encoder"),
    "judge": ("judge.safetensors",),
}


def percent(value: float) -> str:
    """0.985 -> "98.5 %"."""
    return f"{value * 100:.1f} %"


def pairs(rows: list[Any]) -> list[tuple[Any, Any]]:
    """Rows in twos, for a table of two halves. An even number is expected."""
    return list(zip(rows[::2], rows[1::2], strict=True))


def count_parameters(file: Path) -> int:
    """Numbers in a safetensors file."""
    total = 0
    with safe_open(file, "pt") as tensors:
        for name in tensors.keys():  # noqa: SIM118  (it is no mapping)
            size = 1
            for side in tensors.get_slice(name).get_shape():
                size *= side
            total += size
    return total


def files_of(folder: Path, part: str) -> list[Path]:
    """The weight files of a part of the folder."""
    return [folder / part] if part.endswith(".safetensors") else sorted((folder / part).glob("*.safetensors"))


def stage_rows(cache: Path) -> list[dict[str, Any]]:
    """What each stage took, from its checkpoint."""
    rows = []
    for name, what in STAGES.items():
        state = torch.load(cache / f"{name}.pt", map_location="cpu", weights_only=True)
        seen = state.get("pictures", 0)
        rows.append(
            {
                "name": name,
                "what": what,
                "parameters": f"{sum(value.numel() for value in state['ema'].values()) / 1e6:.1f}",
                "steps": f"{state['step']:,}",
                "pictures": f"{seen:,}" if seen else "",
                "minutes": f"{state['seconds'] / 60:.0f}",
            }
        )
    return rows


def write_samples(folder: Path, guidance: float) -> None:
    """The card's sheet: fixed prompts, seeds 0, 1, 2 ..., eight a row."""
    pictures = draw(open_pipeline(folder), SHEET, guidance)
    side = pictures.shape[1] // 2
    sheet = Image.new("RGB", (8 * side, len(SHEET) // 8 * side))
    for i, picture in enumerate(pictures):
        small = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(small, (i % 8 * side, i // 8 * side))
    sheet.save(folder / "samples.png", optimize=True)


def write_card(folder: Path, costs: dict[str, Any]) -> str:
    """README.md from the template. Returns its text. Raises if a figure is missing."""
    environment = Environment(  # noqa: S701  (it writes Markdown from our own figures)
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters |= {"percent": percent, "pairs": pairs}
    files = {
        name: [file for part in parts for file in files_of(folder, part)] for name, parts in PARTS.items()
    }
    optional = dict.fromkeys(("recombination", "places", "effects"))
    figures = optional | json.loads((folder / "figures.json").read_text())
    text = environment.get_template("card.md.j2").render(
        f=figures,
        j=figures["judge"],
        words=vocabulary(),
        sheet=[prompt.removeprefix("an ").removeprefix("a ") for prompt in SHEET],
        millions={k: f"{sum(count_parameters(f) for f in v) / 1e6:.1f}" for k, v in files.items()},
        megabytes={k: f"{sum(f.stat().st_size for f in v) / 1e6:.1f}" for k, v in files.items()},
        **costs,
    )
    (folder / "README.md").write_text(text)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the model card from what was measured.")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/mini"), help="the checkpoints that tell the costs"
    )
    parser.add_argument(
        "--history", default="", help="a sentence about how the training went, if not all at once"
    )
    options = parser.parse_args()
    file = options.weights / "figures.json"
    figures = json.loads(file.read_text())
    figures["judge"] = json.loads((options.cache / "judge.json").read_text())
    figures["costs"] = {"stages": stage_rows(options.cache), "history": options.history}
    file.write_text(json.dumps(figures, indent=1) + "\n")
    write_samples(options.weights, figures["guidance"])
    write_card(options.weights, figures["costs"])


if __name__ == "__main__":
    main()
