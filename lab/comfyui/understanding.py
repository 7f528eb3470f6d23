"""What a node of the bundled server gives, known before anything is drawn; and what `mini` cannot do.

Rule: the engine draws whole pictures, from words or from words and a picture. So a sampler must begin with an
empty latent or with an encoded picture, and only what a sampler made can be decoded; anything else is refused
here, with the input that asks for it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lab.comfyui.files import BadName, Files
from lab.comfyui.nodes import MINI
from lab.engine.requests import MOST_STEPS
from manifests.errors import PictureError
from manifests.pictures import open_picture

LONGEST_PROMPT = 2000  # characters


@dataclass(frozen=True)
class Fact:
    """A latent or a picture of that size, and how it came about."""

    kind: Literal["empty", "encoded", "sampled", "picture"]
    width: int
    height: int


class Misunderstood(ValueError):
    """`mini` cannot do what `input` asks for."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.input = name


def steps_to_ask(steps: int, denoise: float) -> int:
    """How many steps the engine is asked for, so that `steps` of them run.

    ComfyUI's sampler runs all its steps on the last part of the noise; the engine's image to image runs
    `int(steps * strength)` of those it is asked for.
    """
    asked = max(steps, math.floor(steps / denoise))
    while int(asked * denoise) < steps:
        asked += 1
    return asked


class Understanding:
    """What can be known of a node; pictures are looked at in `files`."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def of(self, node: str, inputs: Mapping[str, Any], linked: Mapping[str, Fact | None]) -> Fact | None:
        """What it gives. `linked`: what is known of its linked inputs. Raises Misunderstood."""
        match node:
            case "CLIPTextEncode":
                if len(inputs["text"]) > LONGEST_PROMPT:
                    raise Misunderstood("text", f"at most {LONGEST_PROMPT} characters")
            case "LoadImage":
                return self._picture(inputs["image"])
            case "EmptyLatentImage":
                for side in ("width", "height"):
                    if inputs[side] % MINI.multiple:
                        raise Misunderstood(side, f"must be a multiple of {MINI.multiple}")
                return Fact("empty", inputs["width"], inputs["height"])
            case "VAEEncode":
                return _encoded(linked["pixels"])
            case "KSampler":
                return _sampled(inputs, linked["latent_image"])
            case "VAEDecode":
                samples = linked["samples"]
                if samples is None or samples.kind != "sampled":
                    raise Misunderstood("samples", "mini decodes only what a KSampler made")
                return Fact("picture", samples.width, samples.height)
            case "SaveImage":
                try:
                    self._files.check_prefix(inputs["filename_prefix"])
                except BadName:
                    raise Misunderstood(
                        "filename_prefix", "only letters, digits and _ - . and / between folders"
                    ) from None
        return None

    def _picture(self, name: object) -> Fact:
        try:
            picture = open_picture(self._files.load(str(name)))
        except (BadName, OSError, PictureError):
            raise Misunderstood("image", f"Invalid image file: {str(name)[:200]}") from None
        return Fact("picture", *picture.size)


def _encoded(picture: Fact | None) -> Fact:
    """A picture is cut to whole latents, as ComfyUI does."""
    if picture is None:
        raise Misunderstood("pixels", "no picture is known here")
    width, height = (side // MINI.multiple * MINI.multiple for side in (picture.width, picture.height))
    least, most = MINI.minimum_size, MINI.maximum_size
    if not (least <= width <= most and least <= height <= most):
        size = f"{picture.width}x{picture.height}"
        raise Misunderstood("pixels", f"the picture has {size} pixels; mini takes {least} to {most} a side")
    return Fact("encoded", width, height)


def _sampled(inputs: Mapping[str, Any], latent: Fact | None) -> Fact:
    if latent is None or latent.kind == "sampled":
        why = "mini does not go on from what a KSampler made: decode it, and encode the picture"
        raise Misunderstood("latent_image", why)
    if latent.kind == "empty" and inputs["denoise"] < 1:
        raise Misunderstood("denoise", "below 1 mini needs a picture: link a VAEEncode to latent_image")
    if steps_to_ask(inputs["steps"], inputs["denoise"]) > MOST_STEPS:
        raise Misunderstood("steps", f"steps divided by denoise must be at most {MOST_STEPS}")
    return Fact("sampled", latent.width, latent.height)
