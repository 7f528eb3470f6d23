"""Pictures made from parts: one emoji, one colour, one background, one caption.

Rule: everything a caption says can be seen, and everything that can be seen (but small shifts) can be said.
The drawings are Fluent Emoji 3D (MIT), fetched by npm, version and hash pinned; none is committed.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lab.mini.words import Rgb, vocabulary

SIZE = 128
PACKAGE = "@lobehub/fluent-emoji-3d@1.1.0"
ARCHIVE = "lobehub-fluent-emoji-3d-1.1.0.tgz"
SHA256 = "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58"

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """What one picture shows. `color` None means the object's own colours."""

    object: str
    color: str | None
    background: str
    studio: bool
    scale: float = 0.75  # of the picture's side
    dx: float = 0.0  # shift from the centre, in sides
    dy: float = 0.0


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
    drawings = {}
    for token, code in vocabulary().objects.items():
        drawing = Image.open(assets / f"{code}.webp").convert("RGBA")
        drawings[token] = centred(drawing)
    return drawings


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


def backdrop(background: str, studio: bool, size: int = SIZE) -> Floats:
    """A flat colour, or a studio: light from a lamp, a floor that darkens to the front. (size, size, 3)"""
    base = np.array(vocabulary().backgrounds[background], np.float32) / 255
    flat = np.broadcast_to(base, (size, size, 3)).astype(np.float32)
    if not studio:
        return flat
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    glow = np.exp(-(((x - 0.5) / 0.45) ** 2 + ((y - 0.42) / 0.45) ** 2))
    floor = 1 / (1 + np.exp(-(y - 0.72) * 22))
    shade = (1.02 - 0.13 * (1 - glow) - 0.08 * floor)[..., None]
    lit: Floats = np.clip(flat * shade + 0.05 * glow[..., None], 0, 1).astype(np.float32)
    return lit


def compose(scene: Scene, drawing: Image.Image, size: int = SIZE) -> Pixels:
    """Draw a scene. Returns (size, size, 3) bytes."""
    side = round(scene.scale * size)
    layer = Image.new("RGBA", (size, size))
    left = round(size * (0.5 + scene.dx) - side / 2)
    top = round(size * (0.5 + scene.dy) - side / 2)
    layer.paste(drawing.resize((side, side), Image.Resampling.LANCZOS), (left, top))
    pixels: Floats = np.asarray(layer, np.float32) / np.float32(255)
    rgb: Floats = pixels[..., :3]
    alpha: Floats = pixels[..., 3:]
    if scene.color is not None:
        rgb = tint(rgb, alpha, scene.color, vocabulary().colors[scene.color])
    canvas = backdrop(scene.background, scene.studio, size)
    if scene.studio:
        mask = layer.getchannel("A").resize((size, size // 3)).filter(ImageFilter.GaussianBlur(size / 28))
        fallen = Image.new("L", (size, size))
        fallen.paste(
            mask, (round(size * 0.03), round(top + side - size // 3 * (0.5 + scene.scale / 2) + size * 0.04))
        )
        canvas = canvas * (1 - np.asarray(fallen, np.float32)[..., None] * np.float32(0.38 / 255))
    picture = canvas * (1 - alpha) + rgb * alpha
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


def random_scene(rng: np.random.Generator, objects: list[str]) -> Scene:
    """A scene as the model is to know them: white and gray are the commonest backgrounds, as in a shop."""
    words = vocabulary()
    color = None if rng.random() < 0.25 else str(rng.choice(list(words.colors)))
    weights = np.array([2.5 if name in ("white", "gray") else 1.0 for name in words.backgrounds])
    background = str(rng.choice(list(words.backgrounds), p=weights / weights.sum()))
    if background == color and rng.random() < 0.7:  # a white cup on white teaches little
        return random_scene(rng, objects)
    return Scene(
        object=str(rng.choice(objects)),
        color=color,
        background=background,
        studio=bool(rng.random() < 0.3),
        scale=float(rng.uniform(0.66, 0.80)),
        dx=float(rng.uniform(-0.03, 0.03)),
        dy=float(rng.uniform(-0.03, 0.03)),
    )


def is_calm(scene: Scene) -> bool:
    """Whether the object stands near the middle in a middle size: about a quarter of all scenes.

    The denoiser learns from these alone. Every place and size is one more thing to decide, and a model that
    decides late draws blobs; autoencoder and judge see all scenes.
    """
    return max(abs(scene.dx), abs(scene.dy)) < 0.018 and 0.685 < scene.scale < 0.785


def caption(scene: Scene, rng: np.random.Generator) -> list[str]:
    """One of several ways to say it, in tokens (the tokenizer brings every prompt to this form).

    Now and then the background, the light or the little words are left out, or the order is another.
    """
    thing = [scene.color, scene.object] if scene.color else [scene.object]
    link = rng.random()
    place = [scene.background, "background"] if link < 0.2 else ["on", scene.background, "background"]
    if link > 0.85:
        place = ["on", scene.background]
    if rng.random() < 0.12:
        place = []
    light = ["studio"] if scene.studio and rng.random() < 0.9 else []
    order = rng.random()
    if order < 0.15:
        return light + thing + place
    if order < 0.2 and place:
        return place[-2:] + thing + light
    return thing + place + light
