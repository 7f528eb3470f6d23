"""How many more pictures `mini` draws when it draws them together, and whether they are the same pictures.

The same mixed requests (steps, guidance, schedulers, seeds, strengths) are drawn one after the other and
together, in turn; printed are pictures per second, the ratio, and how close each picture is to itself.

    python benchmarks/together.py [--pictures 16] [--rounds 2]
"""

import argparse
import statistics
import threading
import time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.tolerance import BASE
from exercises.parameters import SCHEDULERS
from lab.engine.denoise import make_picture
from lab.engine.pipelines import LoadedModel, load_model
from lab.engine.together import MOST_TOGETHER
from lab.models.registry import MODELS
from manifests.manifest import Request

SOURCE = Image.radial_gradient("L").resize((256, 256)).convert("RGB")


def mixed(count: int) -> list[Request]:
    """Requests of which no two ask for the same."""
    found = []
    for number in range(count):
        change: dict[str, Any] = {"seed": number, "scheduler": SCHEDULERS[number % len(SCHEDULERS)]}
        change["steps"] = (15, 30, 30, 50)[number % 4]
        change["guidance_scale"] = (7.5, 4.0, 12.0, 7.5, 1.0)[number % 5]
        if number % 4 == 3:
            change |= {"mode": "img2img", "strength": 0.6}
        found.append(Request(**(BASE | change)))
    return found


def drawn(model: LoadedModel, requests: list[Request], most: int) -> tuple[float, list[Image.Image]]:
    """Seconds for all, and the pictures, `most` at a time."""
    found: dict[int, Image.Image] = {}
    room = threading.Semaphore(most)

    def draw(number: int, request: Request) -> None:
        source = SOURCE if request.mode == "img2img" else None
        with room:
            picture = make_picture(model, request, source, 0, lambda: False, lambda _: None)
        found[number] = picture.image

    began = time.perf_counter()
    threads = [threading.Thread(target=draw, args=pair) for pair in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, [found[number] for number in range(len(requests))]


def likeness(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise ratio in dB."""
    error = float(np.square(np.asarray(one, float) - np.asarray(other, float)).mean())
    return 10 * np.log10(255**2 / error) if error else float("inf")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    model, requests = load_model(MODELS["mini"]), mixed(options.pictures)
    drawn(model, [r.model_copy(update={"steps": 5}) for r in requests[:5]], 1)  # warms up
    ratios = []
    for _ in range(options.rounds):
        alone, singles = drawn(model, requests, 1)
        together, mixes = drawn(model, requests, MOST_TOGETHER)
        likenesses = [likeness(*pair) for pair in zip(singles, mixes, strict=True)]
        ratios.append(alone / together)
        print(
            f"one after the other {options.pictures / alone:.2f} pictures/s, "
            f"together {options.pictures / together:.2f}: {ratios[-1]:.2f} times; "
            f"likeness at least {min(likenesses):.1f} dB, median {statistics.median(likenesses):.1f} dB, "
            f"{likenesses.count(float('inf'))} of {len(likenesses)} equal",
            flush=True,
        )
    print(f"median: {statistics.median(ratios):.2f} times")


if __name__ == "__main__":
    main()
