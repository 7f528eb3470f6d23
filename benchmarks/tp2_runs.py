"""The nine runs of `tp2` (six of the sweep, three of image to image): the lab against a plain script.

The plain script is what a student of the course writes: both pipelines loaded once, one call after
another, each image saved. The lab makes the same runs as its tabs do (`lab.jobs.running`: an exercise's
runs together, with queue, progress, previews, and a manifest beside each image). Both in one process on
the same weights, in turn, each first in every other round. Printed: seconds on the clock and of the
processors, how many times faster the lab is, and how close the pictures are.

    python benchmarks/tp2_runs.py [ROUNDS]
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.together import likeness
from exercises.kinds.base import Run
from exercises.loader import find_assignment
from lab.engine.local import LocalEngine
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.jobs.running import Running, Task
from lab.models.availability import availability
from manifests.manifest import Source
from manifests.store import Store

Makes = Callable[[Path], dict[str, Image.Image]]  # the folder for the pictures -> each by its run's id


def nine_runs() -> dict[str, list[Run]]:
    """By exercise."""
    exercises = {exercise.id: exercise for exercise in find_assignment("tp2").exercises}
    return {name: list(exercises[name].runs) for name in ("sweep", "img2img")}  # type: ignore[union-attr]


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

    def draw(run: Run, folder: Path) -> Image.Image:
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

    def make(folder: Path) -> dict[str, Image.Image]:
        return {run.id: draw(run, folder) for runs in nine_runs().values() for run in runs}

    return make


def the_lab(engine: LocalEngine, source: Path) -> Makes:
    """As the tabs of the sweep and of image to image do, one after the other."""

    def make(folder: Path) -> dict[str, Image.Image]:
        store = Store(folder, "tp2", "benchmark")
        kept = store.add_source(source.read_bytes())
        made: dict[str, Image.Image] = {}
        for exercise, runs in nine_runs().items():
            running = Running(exercise, [task(exercise, run, store, kept) for run in runs])
            running.work()
            for stored in running.stored:
                if not isinstance(stored, PictureSaved):
                    raise SystemExit(str(stored))
                with Image.open(stored.record.image_path) as picture:
                    made[stored.record.manifest.run] = picture.convert("RGB")
            if len(running.stored) < len(runs):
                raise SystemExit(str(running.event))
        return made

    def task(exercise: str, run: Run, store: Store, kept: Source) -> Task:
        request = request_for(run.parameters, "mini", kept)
        start = partial(generate, store, engine, exercise, run.id, request, model="mini")
        return Task(run.id, start, together=True)

    return make


def timed(make: Makes, folder: Path) -> tuple[float, float, dict[str, Image.Image]]:
    """Seconds on the clock and of the processors for all nine, and the pictures."""
    began, worked = time.perf_counter(), time.process_time()
    pictures = make(folder)
    return time.perf_counter() - began, time.process_time() - worked, pictures


def main(rounds: int) -> None:
    here = availability("mini")
    if here.folder is None:
        raise SystemExit(here.text("en"))
    engine = LocalEngine()
    ratios, likenesses = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = photo(folder)
        sides = {"lab": the_lab(engine, source), "plain": plain_script(here.folder, source)}
        for number in range(rounds + 1):  # the first warms both
            found = {}
            for side in sorted(sides, reverse=bool(number % 2)):
                place = folder / f"{side}{number}"
                place.mkdir()
                found[side] = timed(sides[side], place)
            if number == 0:
                continue
            (ours, our_work, our_pictures), (theirs, their_work, their_pictures) = (
                found["lab"],
                found["plain"],
            )
            ratios.append((theirs / ours, their_work / our_work))
            likenesses += [likeness(our_pictures[run], their_pictures[run]) for run in their_pictures]
            print(
                f"round {number}: plain {theirs:.2f} s (processors {their_work:.2f} s), "
                f"lab {ours:.2f} s (processors {our_work:.2f} s)",
                flush=True,
            )
    engine.close()
    clock, processors = (statistics.median(column) for column in zip(*ratios, strict=True))
    print(f"nine runs, median of {rounds}: the lab is {clock:.2f} times as fast; processors {processors:.2f}")
    print(f"likeness at least {min(likenesses):.1f} dB, median {statistics.median(likenesses):.1f} dB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
