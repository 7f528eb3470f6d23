"""How much outlines lead `mini`: whether a picture has the outlines given, with a ControlNet and without.

Forty objects of the composed world, turned, bent, and put anywhere in any size, as training has not seen
them. What a prompt says is the object, its colour and the background: all else stands in the outlines alone.
Beside the outlines' F1 (within two pixels) stands whether the judge still finds the object asked for. It does
not in many of the composed pictures themselves, as it knows none that is mirrored: their share is told too.

    python -m benchmarks.controlnet [--pictures 40]
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from lab.engine.inputs import Inputs
from lab.engine.local import LocalEngine
from lab.engine.protocol import Done, Picture
from lab.judge.adherence import opinion
from manifests.manifest import Request
from manifests.outlines import agreement, edges, outlines
from manifests.png import plain_png
from training.control import bent, led_scene
from training.data import compose, fetch, load_emoji
from training.drawing import prompt_of

UNSEEN = 99  # a seed that training has not had
STEPS, GUIDANCE = 20, 7.5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--cache", type=Path, default=Path(".cache/mini"), help="where the drawings are")
    options = parser.parse_args()
    drawings = load_emoji(fetch(options.cache))
    names = list(drawings)[:: max(1, len(drawings) // options.pictures)][: options.pictures]
    engine = LocalEngine()
    agreed: dict[bool, list[float]] = {False: [], True: []}
    found: dict[bool, list[bool]] = {False: [], True: []}
    composed: list[bool] = []
    for number, name in enumerate(names):
        rng = np.random.default_rng((UNSEEN, number))
        scene = led_scene(rng, name)
        wanted = Image.fromarray(compose(scene, bent(drawings[name], rng)))
        composed += seen(prompt_of(scene), wanted)
        for led in (False, True):
            picture = drawn(engine, prompt_of(scene), number, plain_png(outlines(wanted).convert("RGB")), led)
            agreed[led].append(agreement(edges(picture.image), edges(wanted)))
            found[led] += seen(prompt_of(scene), picture.image)
    for led, words in ((False, "without"), (True, "with outlines")):
        print(
            f"{words}: F1 of the outlines {np.mean(agreed[led]):.3f} (median {np.median(agreed[led]):.3f}),"
            f" object found {100 * np.mean(found[led]):.0f} %"
        )
    print(f"object found in the composed pictures themselves: {100 * np.mean(composed):.0f} %")
    print(f"{np.mean(agreed[True]) / np.mean(agreed[False]):.1f} times as much; the bar is 2")
    engine.close()


def seen(prompt: str, picture: Image.Image) -> list[bool]:
    """Whether the judge finds each object of the prompt."""
    said = opinion(prompt, "mini", picture)
    return [part.verdict == "found" for part in (said.parts if said else ()) if part.kind == "object"]


def drawn(engine: LocalEngine, prompt: str, seed: int, lead: bytes, led: bool) -> Picture:
    """One picture, led by the outlines or free."""
    request = Request(
        mode="control" if led else "text2img",
        prompt=prompt,
        negative_prompt="",
        width=256,
        height=256,
        steps=STEPS,
        guidance_scale=GUIDANCE,
        scheduler="EulerA",
        seed=seed,
        control_scale=1.0 if led else None,
    )
    *_, last = engine.submit(request, model="mini", inputs=Inputs(lead if led else None)).events()
    assert isinstance(last, Done), last
    return last.picture


if __name__ == "__main__":
    main()
