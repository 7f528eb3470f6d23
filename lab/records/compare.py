"""Two pictures compared: which parameters differ, and how far their pixels lie apart.

One rule: a parameter counts when it can change the picture. Whose it is, when it was made and
how long it took do not, so they are no difference here.
"""

import json
from dataclasses import dataclass

import numpy as np
from PIL import Image

from manifests.comparing import psnr
from manifests.manifest import Manifest

_MAKING = ("request", "effective_steps", "model", "versions", "device", "dtype", "batch_size", "batch_index")


@dataclass(frozen=True)
class Difference:
    """One fact in which two manifests differ; `field` is dotted, such as `request.steps`."""

    field: str
    left: str
    right: str


@dataclass(frozen=True)
class PixelDifference:
    """How far two pictures of one size lie apart.

    `mean_absolute` is in levels of 0..255 over all pixels and channels; `psnr` is in dB,
    `IDENTICAL` for equal pictures; `picture` is the absolute difference, amplified.
    """

    mean_absolute: float
    psnr: float
    picture: Image.Image


def fields(manifest: Manifest) -> dict[str, str]:
    """Every field of a manifest that says something, as text for people, by dotted name."""
    return dict(_flatten(manifest.model_dump(mode="json", by_alias=True)))


def differences(left: Manifest, right: Manifest) -> list[Difference]:
    """What differs in how two pictures were made, in the manifest's order."""
    ours, theirs = fields(left), fields(right)
    names = [*ours, *(name for name in theirs if name not in ours)]
    return [
        Difference(name, ours.get(name, ""), theirs.get(name, ""))
        for name in names
        if name.startswith(_MAKING) and ours.get(name, "") != theirs.get(name, "")
    ]


def pixel_difference(left: Image.Image, right: Image.Image, *, amplify: float = 1) -> PixelDifference | None:
    """The difference of two pictures, channel by channel in RGB; None where their sizes differ.

    `amplify` multiplies the difference in the returned picture only (clipped at 255), never
    the numbers.
    """
    apart = psnr(left, right)
    if apart is None:
        return None
    ours, theirs = (np.asarray(image.convert("RGB"), dtype=np.float32) for image in (left, right))
    distance = np.abs(ours - theirs)
    return PixelDifference(
        mean_absolute=float(distance.mean(dtype=np.float64)),
        psnr=apart,
        picture=Image.fromarray(np.clip(distance * amplify, 0, 255).astype(np.uint8)),
    )


def _in_a_line(part: dict[str, object]) -> str:
    """One of several parts of the same form, such as an adapter."""
    return ", ".join(f"{name} {value}" for name, value in part.items())


def _flatten(table: dict[str, object], prefix: str = "") -> list[tuple[str, str]]:
    """Dotted names and texts. What has names of its own making (an API's usage) stays one text."""
    pairs: list[tuple[str, str]] = []
    for key, value in table.items():
        name = prefix + key
        if isinstance(value, dict) and name != "cost.usage":
            pairs += _flatten(value, f"{name}.")
        elif isinstance(value, str):
            pairs.append((name, value))
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            pairs.append((name, "; ".join(_in_a_line(each) for each in value)))
        elif isinstance(value, float):
            pairs.append((name, f"{value:.10g}"))
        elif value is not None:
            pairs.append((name, json.dumps(value, ensure_ascii=False)))
    return pairs
