"""The pictures of the assignment `recognise`: photographs, composed and generated ones, all in one size.

    python -m training.recognise_pictures CACHE [--out exercises/recognise/pictures]

The photographs are parts of those that scikit-image brings along, in the public domain or CC0; the composed
ones are made of Fluent Emoji (MIT) as the training pictures of `mini` are; the generated ones are drawn by
`mini`, some of them from one of the others. Saved as WebP, some 300 KB in all. Of the generated ones the
lab writes marks of origin; `BARE` lost them, as a messenger loses them, and `FORGED` claims a camera instead.
"""

import argparse
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from lab.records.export import exported
from training.data import Scene, compose, fetch, load_emoji

SIDE = 256
QUALITY = 92
PHOTOS: tuple[tuple[str, tuple[int, int, int]], ...] = (  # file, and left, top and side of what is taken
    ("coffee.png", (90, 20, 360)),
    ("chelsea.png", (90, 10, 280)),
    ("rocket.jpg", (190, 30, 380)),
    ("astronaut.png", (60, 0, 320)),
    ("clock_motion.png", (50, 0, 300)),
    ("coins.png", (20, 20, 240)),
    ("camera.png", (100, 20, 400)),
    ("hubble_deep_field.jpg", (300, 200, 420)),
    ("brick.png", (0, 0, 420)),
    ("astronaut.png", (300, 230, 212)),
)
COMPOSED: tuple[Scene, ...] = (
    Scene("mug", "red", "white", light="studio"),
    Scene("cat", None, "brown", light="shadow"),
    Scene("rocket", None, "blue"),
    Scene("camera", "black", "gray", light="studio", lamp=0.2),
    Scene("teapot", "green", "yellow", light="shadow"),
    Scene("alarmclock", None, "white", light="studio", lamp=0.8),
    Scene("backpack", "orange", "gray", light="studio"),
    Scene("umbrella", "purple", "white", light="shadow"),
    Scene("bicycle", None, "green", light="studio"),
    Scene("lightbulb", "blue", "pink", light="studio"),
)
GENERATED = (  # prompt and seed
    ("a blue mug on a white background, studio lighting", 11),
    ("an orange cat on a gray background, soft shadow", 12),
    ("a white rocket on a blue background", 13),
    ("a black camera on a brown background, studio lighting", 14),
    ("a red teapot on a yellow background, soft shadow", 15),
    ("an alarm clock on a white background, studio lighting", 16),
)
REDRAWN = (  # prompt, of which picture before, strength
    ("a cup of coffee", 0, 0.3),
    ("a rocket", 2, 0.2),
    ("an orange backpack on a gray background, studio lighting", 16, 0.25),
    ("a blue lightbulb on a pink background, studio lighting", 19, 0.2),
)
BARE, FORGED = (2, 5), 3  # of the generated ones, from 0


def photographs() -> Iterator[Image.Image]:
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    for name, (left, top, side) in PHOTOS:
        with Image.open(folder / name) as picture:
            cut = picture.convert("RGB").crop((left, top, left + side, top + side))
        yield cut.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def composed(cache: Path) -> Iterator[Image.Image]:
    emoji = load_emoji(fetch(cache))
    for scene in COMPOSED:
        yield Image.fromarray(np.asarray(compose(scene, emoji[scene.object], SIDE)))


def generated(before: list[Image.Image]) -> Iterator[bytes]:
    """The files as the lab exports them, with their marks."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"GENAI_WORK": folder, "GENAI_ASSIGNMENT": "tp2", "GENAI_STUDENT": "course"}
        from lab import generate, img2img

        for prompt, seed in GENERATED:
            yield exported(generate(prompt, seed=seed).path.read_bytes(), "WEBP", "trainedAlgorithmicMedia")
        for prompt, place, strength in REDRAWN:
            source = Path(folder) / "source.png"
            before[place].save(source)
            (drawn,) = img2img(source, prompt, strengths=[strength])
            yield exported(drawn.path.read_bytes(), "WEBP", "compositeWithTrainedAlgorithmicMedia")


def plain(picture: Image.Image, exif: Image.Exif | None = None) -> bytes:
    """As most programs save it: without a word of where it comes from, or with what it is told to say."""
    out = io.BytesIO()
    pixels: Image.Image = Image.fromarray(np.asarray(picture.convert("RGB")))
    pixels.save(out, "WEBP", quality=QUALITY, **({"exif": exif.tobytes()} if exif else {}))
    return out.getvalue()


def camera() -> Image.Exif:
    """What anybody can write into a file."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Anybody", "Camera 1"
    return exif


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--out", type=Path, default=Path("exercises/recognise/pictures"))
    given = parser.parse_args()
    before = [*photographs(), *composed(given.cache)]
    files = [plain(picture) for picture in before]
    for place, data in enumerate(generated(before)):
        picture = Image.open(io.BytesIO(data))
        files.append(
            plain(picture) if place in BARE else plain(picture, camera()) if place == FORGED else data
        )
    given.out.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(files, 1):
        (given.out / f"{number:02d}.webp").write_bytes(data)


if __name__ == "__main__":
    main()
