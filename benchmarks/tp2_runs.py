"""The nine runs of `tp2` (six of the sweep, three of image to image): the lab against a plain script.

The plain script is what a student of the course writes: both pipelines loaded once, one call after
another, each image saved. The lab makes the same runs through `lab.jobs.generate`: queue, progress,
previews, and a manifest beside each image. Both in one process on the same weights, taking turns
run by run, so that whatever else the machine does hits both alike. Printed: seconds on the clock
and of the processors, their ratios, and whether the pixels agree.

    python benchmarks/tp2_runs.py [ROUNDS]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from exercises.kinds.base import Run
from exercises.loader import find_assignment
from lab.engine.local import LocalEngine
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.models.availability import availability
from manifests.png import pixels_sha256
from manifests.store import Store

Makes = Callable[[Run, Path], Image.Image]


def nine_runs() -> list[Run]:
    exercises = {exercise.id: exercise for exercise in find_assignment("tp2").exercises}
    return [run for name in ("sweep", "img2img") for run in exercises[name].runs]  # type: ignore[union-attr]


def photo(folder: Path) -> Path:
    """A drawn stand-in for the student's own product photo."""
    picture = Image.new("RGB", (600, 450), (200, 200, 205))
    picture.paste(Image.radial_gradient("L").resize((300, 300)).convert("RGB"), (150, 75))
    picture.save(folder / "photo.jpg", quality=95)
    return folder / "photo.jpg"


def plain_script(weights: Path, source: Path) -> Makes:
    """Pipelines loaded once, as in a student's `pipeline_utils.py`."""
    import torch
    from diffusers import (
        DDIMScheduler,
        EulerAncestralDiscreteScheduler,
        StableDiffusionImg2ImgPipeline,
        StableDiffusionPipeline,
    )
    from PIL import ImageOps

    text_to_image = StableDiffusionPipeline.from_pretrained(weights, dtype=torch.float32)
    image_to_image = StableDiffusionImg2ImgPipeline(**text_to_image.components, requires_safety_checker=False)
    own = text_to_image.scheduler
    schedulers = {"EulerA": EulerAncestralDiscreteScheduler, "DDIM": DDIMScheduler}
    for each in (text_to_image, image_to_image):
        each.set_progress_bar_config(disable=True)
    picture = ImageOps.fit(Image.open(source).convert("RGB"), (256, 256), Image.Resampling.LANCZOS)

    def make(run: Run, folder: Path) -> Image.Image:
        p = run.parameters
        pipe = text_to_image if p.mode == "text2img" else image_to_image
        pipe.scheduler = schedulers[p.scheduler].from_config(own.config)
        extra: dict[str, Any] = {"width": 256, "height": 256}
        if p.mode == "img2img":
            extra = {"image": picture, "strength": p.strength}
        image: Image.Image = pipe(
            prompt=p.prompt,
            negative_prompt=p.negative_prompt or None,
            num_inference_steps=p.steps,
            guidance_scale=p.guidance_scale,
            generator=torch.Generator("cpu").manual_seed(p.seed),
            **extra,
        ).images[0]
        image.save(folder / f"{run.id}.png")
        return image

    return make


def the_lab(engine: LocalEngine, work: Path, source: Path) -> Makes:
    store = Store(work, "tp2", "benchmark")
    kept = store.add_source(source.read_bytes())

    def make(run: Run, folder: Path) -> Image.Image:
        request = request_for(run.parameters, "mini", kept)
        *_, last = generate(store, engine, "benchmark", run.id, request, model="mini").events()
        if not isinstance(last, PictureSaved) or last.picture is None:
            raise SystemExit(str(last))
        return last.picture.image

    return make


@dataclass
class Spent:
    """What one side took in a round: on the clock, and of the processors."""

    seconds: float = 0.0
    processor: float = 0.0


def timed(make: Makes, run: Run, folder: Path, spent: Spent) -> str:
    """Make one run and add up what it took; the hash of its pixels."""
    began, worked = time.perf_counter(), time.process_time()
    picture = make(run, folder)
    spent.seconds += time.perf_counter() - began
    spent.processor += time.process_time() - worked
    return pixels_sha256(picture)


def main(rounds: int) -> None:
    here = availability("mini")
    if here.folder is None:
        raise SystemExit(here.text("en"))
    runs, engine = nine_runs(), LocalEngine()
    ratios: list[tuple[float, float]] = []
    agree = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = photo(folder)
        lab, plain = the_lab(engine, folder / "work", source), plain_script(here.folder, source)
        for make in (plain, lab):  # warm both
            timed(make, runs[0], folder, Spent())
        for number in range(rounds):
            ours, theirs = Spent(), Spent()
            for place, run in enumerate(runs):
                sides = [(lab, ours), (plain, theirs)]
                if (number + place) % 2:
                    sides.reverse()
                agree += len({timed(make, run, folder, spent) for make, spent in sides}) == 1
            ratios.append((ours.seconds / theirs.seconds, ours.processor / theirs.processor))
            print(
                f"round {number + 1}: plain {theirs.seconds:.2f} s (processor {theirs.processor:.2f} s), ",
                end="",
            )
            print(f"lab {ours.seconds:.2f} s (processor {ours.processor:.2f} s)", flush=True)
    engine.close()
    clock, processor = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"nine runs, lab / plain, median of {rounds}: clock {clock:.3f}, processor {processor:.3f}")
    print(f"pixels agree in {agree} of {rounds * len(runs)} pairs")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
