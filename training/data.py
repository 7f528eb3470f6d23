"""Pictures made from parts: one emoji (or two, or three), one colour, one background, one caption.

Rule: everything a caption says can be seen, and everything that can be seen can be said, but for what a seed
decides: small shifts, a little more or less size, the side the lamp stands on.
The drawings are Fluent Emoji 3D (MIT), fetched by npm, version and hash pinned; none is committed but for
five, small, in the sheet of `training/composed_set.py`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lab.models.mini.vocabulary import Rgb, vocabulary

SIZE = 256
HELD_OUT = 10  # one pair of object and colour in so many is never shown in training
PACKAGE = "@lobehub/fluent-emoji-3d@1.1.0"
ARCHIVE = "lobehub-fluent-emoji-3d-1.1.0.tgz"
SHA256 = "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58"

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """What one picture shows.

    A field that is None is left out of the caption and has its default: the object's own colours, the
    middle of the picture, no studio light.
    """

    object: str
    color: str | None
    background: str
    light: str | None = None  # "studio" (lamp, floor, shadow) or "shadow"
    count: str | None = None  # "two" or "three", side by side
    size: str | None = None  # "small" or "large"
    place: str | None = None  # "left", "right", "top" or "bottom"
    scale: float = 0.72  # of one object, in sides of the picture
    dx: float = 0.0  # shift from the centre, in sides
    dy: float = 0.0
    lamp: float = 0.5  # where the lamp stands, from 0 (left) to 1 (right)

    @property
    def centres(self) -> tuple[tuple[float, float], ...]:
        """The middle of every copy, in sides of the picture from its upper left corner."""
        beside = {None: (0.0,), "two": (-0.23, 0.23), "three": (-0.31, 0.0, 0.31)}[self.count]
        return tuple((0.5 + self.dx + shift, 0.5 + self.dy) for shift in beside)


def is_held_out(object: str, color: str | None) -> bool:
    """Whether a pair is kept from training, to see later if the model can combine it."""
    return color is not None and zlib.crc32(f"{color} {object}".encode()) % HELD_OUT == 0


def is_kept_back(code: str) -> bool:
    """Whether the judge is not to meet a stranger in training, to see later what it makes of the unknown."""
    return zlib.crc32(code.encode()) % 5 == 0


def fetch(cache: Path) -> Path:
    """The folder of emoji pictures below `cache`; downloads it once."""
    assets = cache / "npm" / "emoji" / "package" / "assets"
    archive = cache / "npm" / ARCHIVE
    if not archive.exists():
        if shutil.which("npm") is None:
            raise SystemExit(
                f"npm is needed to fetch {PACKAGE}: install Node.js, or put {ARCHIVE} into {archive.parent}"
            )
        archive.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", PACKAGE], cwd=archive.parent, check=True, capture_output=True)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{archive} is not the expected {PACKAGE}: delete it and try again")
    if not assets.is_dir():
        with tarfile.open(archive) as tar:
            tar.extractall(cache / "npm" / "emoji", filter="data")
    return assets


def load_emoji(assets: Path) -> dict[str, Image.Image]:
    """Every object's drawing, cut to what is visible and centred on a square."""
    return {token: drawing_of(assets, code) for token, code in vocabulary().objects.items()}


def load_strangers(assets: Path) -> dict[str, Image.Image]:
    """The drawings that are no object of the vocabulary, by code point: faces, animals, signs and all else.

    Those of one code point only: the others are flags, and variants of the same persons.
    """
    known = set(vocabulary().objects.values())
    codes = sorted(file.stem for file in assets.glob("*.webp") if "-" not in file.stem)
    return {code: drawing_of(assets, code) for code in codes if code not in known}


def drawing_of(assets: Path, code: str) -> Image.Image:
    """The drawing of a code point, centred."""
    return centred(Image.open(assets / f"{code}.webp").convert("RGBA"))


def centred(drawing: Image.Image) -> Image.Image:
    """Cut away the empty rim and centre the rest on a transparent square."""
    box = drawing.getchannel("A").point(lambda a: 255 * (a > 8)).getbbox()
    cut = drawing.crop(box)
    side = max(cut.size)
    square = Image.new("RGBA", (side, side))
    square.paste(cut, ((side - cut.width) // 2, (side - cut.height) // 2))
    return square


def tint(rgb: Floats, alpha: Floats, name: str, color: Rgb) -> Floats:
    """Paint an object in one colour and keep its shading. rgb (h, w, 3), alpha (h, w, 1), both in 0..1."""
    light = rgb @ np.array([0.299, 0.587, 0.114], np.float32)  # (h, w)
    visible = light[alpha[..., 0] > 0.5]
    low, high = np.percentile(visible, [2, 98]) if visible.size else (0.0, 1.0)
    ramp = np.clip((light - low) / max(float(high - low), 0.15), 0, 1)[
        ..., None
    ]  # 0 in the shadow, 1 in the light
    base = np.array(color, np.float32) / 255
    dark, bright = base * 0.42, base + (1 - base) * 0.45
    if name == "black":
        dark, bright = base * 0.25, base + 0.30
    if name == "white":
        dark, bright = base * 0.66, np.ones(3, np.float32)
    painted = np.where(
        ramp < 0.55, dark + (base - dark) * ramp / 0.55, base + (bright - base) * (ramp - 0.55) / 0.45
    )
    return np.asarray(painted, np.float32)


def backdrop(scene: Scene, size: int = SIZE) -> Floats:
    """A flat colour, or a studio: light from a lamp, a floor that darkens to the front. (size, size, 3)"""
    base = np.array(vocabulary().backgrounds[scene.background], np.float32) / 255
    flat = np.broadcast_to(base, (size, size, 3)).astype(np.float32)
    if scene.light != "studio":
        return flat
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    glow = np.exp(-(((x - scene.lamp) / 0.45) ** 2 + ((y - 0.42) / 0.45) ** 2))
    floor = 1 / (1 + np.exp(-(y - 0.72) * 22))
    shade = (1.02 - 0.13 * (1 - glow) - 0.08 * floor)[..., None]
    lit: Floats = np.clip(flat * shade + 0.05 * glow[..., None], 0, 1).astype(np.float32)
    return lit


def shadow(layer: Image.Image, scene: Scene) -> Floats:
    """How much light the objects take from the floor, away from the lamp. (size, size, 1) in 0..1"""
    size = layer.width
    flattened = layer.getchannel("A").resize((size, size // 3)).filter(ImageFilter.GaussianBlur(size / 28))
    floor = 0.5 + scene.dy + scene.scale / 2  # where the objects stand
    fallen = Image.new("L", (size, size))
    # the flattened picture is a third as high: its own floor lies at a third of the real one's height
    fallen.paste(flattened, (round(size * 0.24 * (0.5 - scene.lamp)), round(size * (floor * 2 / 3 + 0.04))))
    darkness: Floats = np.asarray(fallen, np.float32)[..., None] * np.float32(0.38 / 255)
    return darkness


def compose(scene: Scene, drawing: Image.Image, size: int = SIZE) -> Pixels:
    """Draw a scene. Returns (size, size, 3) bytes."""
    side = round(scene.scale * size)
    small = drawing.resize((side, side), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", (size, size))
    for x, y in scene.centres:
        layer.paste(small, (round(size * x - side / 2), round(size * y - side / 2)))
    pixels: Floats = np.asarray(layer, np.float32) / np.float32(255)
    rgb: Floats = pixels[..., :3]
    alpha: Floats = pixels[..., 3:]
    if scene.color is not None:
        rgb = tint(rgb, alpha, scene.color, vocabulary().colors[scene.color])
    canvas = backdrop(scene, size)
    if scene.light:
        canvas = canvas * (1 - shadow(layer, scene))
    picture = canvas * (1 - alpha) + rgb * alpha
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def random_scene(rng: np.random.Generator, objects: list[str], held_out: bool = False) -> Scene:
    """A scene as the model is to know them: white and gray are the commonest backgrounds, as in a shop.

    `held_out` allows the pairs that are kept from training.
    """
    words = vocabulary()
    thing = str(rng.choice(objects))
    color = None if rng.random() < 0.2 else str(rng.choice(list(words.colors)))
    weights = np.array([2.5 if name in ("white", "gray") else 1.0 for name in words.backgrounds])
    background = str(rng.choice(list(words.backgrounds), p=weights / weights.sum()))
    if background == color and rng.random() < 0.8:  # a white cup on white teaches little
        return random_scene(rng, objects, held_out)
    if not held_out and is_held_out(thing, color):
        return random_scene(rng, objects, held_out)
    kind, light = rng.random(), rng.random()
    scene = Scene(
        object=thing,
        color=color,
        background=background,
        light="studio" if light < 0.3 else "shadow" if light < 0.4 else None,
        scale=float(rng.uniform(0.69, 0.75)),
        dx=float(rng.uniform(-0.01, 0.01)),
        dy=float(rng.uniform(-0.01, 0.01)),
        lamp=float(rng.uniform(0.25, 0.75)),
    )
    if kind < 0.06:
        return replace(scene, count="two", scale=float(rng.uniform(0.40, 0.42)))
    if kind < 0.09:
        return replace(scene, count="three", scale=float(rng.uniform(0.27, 0.29)))
    if kind < 0.13:
        return replace(scene, size="small", scale=float(rng.uniform(0.37, 0.39)))
    if kind < 0.17:
        return replace(scene, size="large", scale=float(rng.uniform(0.89, 0.91)))
    if kind < 0.25:
        place = str(rng.choice(["left", "right", "top", "bottom"]))
        far = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}[place]
        shift = float(rng.uniform(0.22, 0.24))
        return replace(
            scene,
            place=place,
            scale=float(rng.uniform(0.44, 0.46)),
            dx=scene.dx + shift * far[0],
            dy=scene.dy + shift * far[1],
        )
    return scene


def caption(scene: Scene, rng: np.random.Generator) -> list[str]:
    """One of several ways to say it, in tokens (the tokenizer brings every prompt to this form).

    Colours come before their noun, as in English, or after it, as in French. Now and then the background, the
    light or the little words are left out, or the order is another.
    """
    french = rng.random() < 0.3
    color = [scene.color] if scene.color else []
    counted = [scene.count] if scene.count else []
    sized = [scene.size] if scene.size else []
    thing = [*counted, *sized, scene.object, *color] if french else [*counted, *sized, *color, scene.object]
    where = [scene.place] if scene.place else []
    field = ["background", scene.background] if french else [scene.background, "background"]
    link = rng.random()
    ground = field if link < 0.2 else ["on", *field]
    if link > 0.85:
        ground = ["on", scene.background]
    if rng.random() < 0.1:
        ground = []
    light = [scene.light] if scene.light and rng.random() < 0.9 else []
    order = rng.random()
    if order < 0.15:
        return light + thing + where + ground
    if order < 0.2 and link <= 0.85 and ground:
        return field + where + thing + light
    if order < 0.3:
        return thing + ground + where + light
    return thing + where + ground + light
