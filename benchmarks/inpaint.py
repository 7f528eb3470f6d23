"""What inpainting of `mini` leaves outside of the mask, and whether the prompt's object is inside.

40 edits with the settings that a student gets by default: a picture of one object, a rectangle over about
its middle, another object asked for on the same background. Outside, the mean change is measured; inside, the
judge looks at the marked rectangle with the margin that was drawn along: found is what `lab.judge.presence`
calls so.

    python -m benchmarks.inpaint [--edits 40] [--sheet edits.png]
"""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from exercises.parameters import Mode
from lab.engine.inputs import Inputs
from lab.engine.local import LocalEngine
from lab.engine.protocol import Done, Job
from lab.judge.analyse import classify_picture
from lab.judge.presence import look_for
from lab.judge.prompts import asked_for
from lab.models.mini.vocabulary import vocabulary
from manifests.manifest import Mask, Request, Source
from manifests.masks import (
    OUTSIDE_AT_MOST,
    USUAL_FEATHER,
    box_of,
    change,
    feathered,
    mask_bytes,
    rectangle,
    usual_padding,
)
from manifests.png import plain_png

SIDE = 256
FOUND_AT_LEAST = 0.7
NO_FILE = {"file": "given.png", "sha256": "0" * 64}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--edits", type=int, default=40)
    arguments.add_argument("--sheet", type=Path)
    asked = arguments.parse_args()
    edits = _edits(asked.edits)
    engine = LocalEngine()
    try:
        sources = _drawn(
            [engine.submit(_request(one, n), model="mini") for n, (one, _, _) in enumerate(edits)]
        )
        masks = [feathered(mask, USUAL_FEATHER) for _, _, mask in edits]
        jobs = [
            engine.submit(
                _request(two, 1000 + n, "inpaint", usual_padding(hard)),
                model="mini",
                inputs=Inputs(plain_png(source), mask_bytes(soft)),
            )
            for n, ((_, two, hard), source, soft) in enumerate(zip(edits, sources, masks, strict=True))
        ]
        made = _drawn(jobs)
    finally:
        engine.close()
    changes = [change(*each) for each in zip(sources, made, masks, strict=True)]
    found = [_found(two, picture, hard) for (_, two, hard), picture in zip(edits, made, strict=True)]
    outside, inside = max(o for o, _ in changes), sum(i for _, i in changes) / len(changes)
    part = sum(found) / len(found)
    print(f"outside: mean change at most {outside:.3f} of 255 (bar: {OUTSIDE_AT_MOST:g})")
    print(f"inside: mean change {inside:.1f} of 255")
    print(f"inside: the prompt's object found in {100 * part:.1f} % (bar: {100 * FOUND_AT_LEAST:.0f} %)")
    for (_, two, _), seen in zip(edits, found, strict=True):
        if not seen:
            print(f"  not found: {two}")
    if asked.sheet:
        _sheet(sources, made).save(asked.sheet)
    sys.exit(int(outside > OUTSIDE_AT_MOST or part < FOUND_AT_LEAST))


def _edits(count: int) -> list[tuple[str, str, Image.Image]]:
    """Of each edit the first picture's prompt, the edit's prompt, and its mask; the same each time."""
    chance, words = random.Random(0), vocabulary()  # a draw of tests, no secret
    objects = sorted(name for name in words.objects if asked_for(f"a red {name}").get("object") == name)
    colors, backgrounds = sorted(words.colors), sorted(words.backgrounds)
    edits = []
    for _ in range(count):
        one, two = chance.sample(objects, 2)
        behind = chance.choice(backgrounds)
        first, second = chance.sample([color for color in colors if color != behind], 2)
        width, height = chance.randrange(128, 193), chance.randrange(128, 193)
        left = (SIDE - width) // 2 + chance.randrange(-24, 25)
        top = (SIDE - height) // 2 + chance.randrange(-24, 25)
        mask = rectangle(SIDE, SIDE, left, top, left + width, top + height)
        prompts = (
            f"a {color} {thing} on a {behind} background" for color, thing in ((first, one), (second, two))
        )
        edits.append((*prompts, mask))
    return edits  # type: ignore[return-value]


def _request(prompt: str, seed: int, mode: Mode = "text2img", padding: int | None = None) -> Request:
    painted = mode == "inpaint"
    return Request(
        mode=mode,
        prompt=prompt,
        negative_prompt="",
        width=SIDE,
        height=SIDE,
        steps=30,
        guidance_scale=7.5,
        scheduler="EulerA",
        seed=seed,
        strength=1.0 if painted else None,
        source=Source(**NO_FILE) if painted else None,
        mask=Mask(**NO_FILE, padding=padding) if painted else None,
    )


def _drawn(jobs: Sequence[Job]) -> list[Image.Image]:
    pictures = []
    for number, job in enumerate(jobs, 1):
        *_, last = job.events()
        if not isinstance(last, Done):
            raise SystemExit(f"a picture was not drawn: {last}")
        pictures.append(last.picture.image)
        print(f"{number}/{len(jobs)}", end="\r", file=sys.stderr)
    return pictures


def _found(prompt: str, picture: Image.Image, mask: Image.Image) -> bool:
    """Whether the judge is sure of the prompt's object in what was drawn anew."""
    left, top, right, bottom = box_of(mask)
    margin = usual_padding(mask)
    side = max(right - left, bottom - top) + 2 * margin
    x, y = ((left + right - side) // 2, (top + bottom - side) // 2)
    x, y = (min(max(place, 0), max(SIDE - side, 0)) for place in (x, y))
    seen = classify_picture(picture.crop((x, y, min(x + side, SIDE), min(y + side, SIDE))))
    asked = {"object": asked_for(prompt)["object"]}
    return look_for(asked, seen)[0].verdict == "found"  # type: ignore[arg-type]


def _sheet(sources: Sequence[Image.Image], made: Sequence[Image.Image]) -> Image.Image:
    columns = 10
    rows = -(-len(made) // columns)
    sheet = Image.new("RGB", (128 * columns, 256 * rows), "white")
    for n, pair in enumerate(zip(sources, made, strict=True)):
        for below, picture in enumerate(pair):
            place = (128 * (n % columns), 256 * (n // columns) + 128 * below)
            sheet.paste(picture.resize((128, 128)), place)
    return sheet


if __name__ == "__main__":
    main()
