"""How far rounding moves a picture of `mini`: what the bounds of `lab/records/verify.py` were measured with.

Each setting (threads, instruction set, number type) makes the same pictures in a process of its own;
the distance to those of the first one is printed in dB, beside that of small edits for comparison.

    python benchmarks/tolerance.py
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from lab.models.availability import availability
from lab.models.registry import MODELS
from lab.records.compare import pixel_difference
from manifests.manifest import Request

BASE: dict[str, Any] = {
    "mode": "text2img",
    "prompt": "sleek black wireless headphones on a minimalist gray background, studio lighting",
    "negative_prompt": "",
    "width": 256,
    "height": 256,
    "steps": 30,
    "guidance_scale": 7.5,
    "scheduler": "EulerA",
    "seed": 42,
}
PICTURES: list[dict[str, Any]] = [
    {},
    {"guidance_scale": 12.0, "seed": 7},
    {"scheduler": "DDIM", "prompt": "a red backpack on a white background"},
    {"scheduler": "DPM++ 2M", "prompt": "a yellow car on a blue background"},
    {"mode": "img2img", "strength": 0.6, "prompt": "a green bottle on a gray background"},
]
STACKS: dict[str, dict[str, str]] = {
    "one thread": {"OMP_NUM_THREADS": "1"},
    "one thread again": {"OMP_NUM_THREADS": "1"},
    "two threads": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"},
    "AVX2": {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    "no vectors": {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    "bfloat16": {"OMP_NUM_THREADS": "1", "DTYPE": "bfloat16"},
}
EDITS: dict[str, dict[str, Any]] = {
    "edit: guidance + 0.1": {"guidance_scale": 7.6},
    "edit: guidance + 1": {"guidance_scale": 8.5},
    "edit: one step more": {"steps": 31},
    "edit: another seed": {"seed": 43},
}


def make(folder: Path, changes: list[dict[str, Any]], dtype: str) -> None:
    """Make the pictures in this process, as `<number>.png`."""
    from lab.engine.denoise import make_picture
    from lab.engine.pipelines import load_from

    weights = availability("mini").folder
    if weights is None:
        raise SystemExit(availability("mini").text("en"))
    model = load_from(replace(MODELS["mini"], cpu_dtype=dtype), weights)  # type: ignore[arg-type]
    source = Image.radial_gradient("L").resize((256, 256)).convert("RGB")
    for number, change in enumerate(changes):
        request = Request(**(BASE | change))
        picture = make_picture(
            model,
            request,
            source if request.mode == "img2img" else None,
            0,
            lambda: False,
            lambda _: None,
        )
        picture.image.save(folder / f"{number}.png")


def made(environment: dict[str, str], changes: list[dict[str, Any]]) -> list[Image.Image]:
    """The pictures as a process with these variables makes them."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, folder, json.dumps(changes), environment.get("DTYPE", "float32")]
        subprocess.run(command, env={**os.environ, **environment}, check=True)
        return [Image.open(Path(folder) / f"{number}.png").copy() for number in range(len(changes))]


def distances(ones: list[Image.Image], others: list[Image.Image]) -> str:
    pairs = [pixel_difference(one, other) for one, other in zip(ones, others, strict=True)]
    return "  ".join("same" if p and p.psnr == float("inf") else f"{p.psnr:5.1f}" for p in pairs if p)


def main() -> None:
    first: list[Image.Image] = []
    for name, environment in STACKS.items():
        pictures = made(environment, PICTURES)
        first = first or pictures
        print(f"{name:22}", distances(first, pictures), flush=True)
    edited = made(STACKS["one thread"], list(EDITS.values()))
    for name, picture in zip(EDITS, edited, strict=True):
        print(f"{name:22}", distances(first[:1], [picture]), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        make(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
    else:
        main()
