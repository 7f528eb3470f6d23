"""A small network that names the class of a picture, worked out with NumPy alone, by the lab and the grade.

Four convolutions with half as many places each, the mean and the maximum over all places, one linear layer:
some 50,000 numbers for five classes. How it is taught stands in `lab/engine/classifying.py`; here it only
answers, so that a grade can ask it again without torch. Its file is read by safetensors, bounded, and never
unpickled.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crafts.errors import CraftError

Pixels = NDArray[np.uint8]  # (n, SIDE, SIDE, 3)
Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]

SIDE = 64  # pixels, down and across, of what the network looks at
CHANNELS = (3, 16, 32, 48, 64)
MAX_BYTES = 512 * 1024  # of the file
LARGEST = 1e4  # no number of a network that was taught here comes near it
PART = 50  # pictures that are looked at together


def shapes(classes: int) -> dict[str, tuple[int, ...]]:
    """The network's tensors and their shapes, under torch's names."""
    found: dict[str, tuple[int, ...]] = {}
    for place, (before, after) in enumerate(pairwise(CHANNELS)):
        found[f"eyes.{place}.weight"] = (after, before, 3, 3)
        found[f"eyes.{place}.bias"] = (after,)
    found["answer.weight"] = (classes, 2 * CHANNELS[-1])
    found["answer.bias"] = (classes,)
    return found


def read_weights(data: bytes, classes: int) -> Weights:
    """The network in a safetensors file. Raises CraftError for anything but one of these shapes."""
    from safetensors.numpy import load

    if len(data) > MAX_BYTES:
        raise CraftError("net.too_large", kib=MAX_BYTES // 1024)
    try:
        tensors: dict[str, Floats] = load(data)
    except Exception as error:  # safetensors' own errors share no class that its stubs name
        raise CraftError("net.broken") from error
    expected = shapes(classes)
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise CraftError("net.shapes")
    for tensor in tensors.values():
        if (
            tensor.dtype != np.float32
            or not bool(np.isfinite(tensor).all())
            or np.abs(tensor).max() > LARGEST
        ):
            raise CraftError("net.numbers")
    return tensors


def seen(pictures: Sequence[Image.Image]) -> Pixels:
    """What the network looks at: each picture as SIDE by SIDE pixels, the mean of those it is made from."""
    small = [picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX) for picture in pictures]
    return np.stack([np.asarray(each) for each in small]) if small else np.empty((0, SIDE, SIDE, 3), np.uint8)


def answers(weights: Weights, pictures: Pixels) -> NDArray[np.int64]:
    """The place of the class that the network names first, for each picture."""
    parts = [answered(weights, pictures[i : i + PART]) for i in range(0, len(pictures), PART)]
    return np.concatenate([part.argmax(1) for part in parts]) if parts else np.empty(0, np.int64)


def answered(weights: Weights, pictures: Pixels) -> Floats:
    """(n, classes): how much speaks for each class, before any softmax."""
    layer: Floats = pictures.astype(np.float32).transpose(0, 3, 1, 2) / np.float32(127.5) - np.float32(1)
    for place in range(len(CHANNELS) - 1):
        layer = np.maximum(
            _convolved(layer, weights[f"eyes.{place}.weight"]) + weights[f"eyes.{place}.bias"][:, None, None],
            0,
        )
    flat = layer.reshape(*layer.shape[:2], -1)
    pooled = np.concatenate([flat.mean(2), flat.max(2)], axis=1)
    result: Floats = pooled @ weights["answer.weight"].T + weights["answer.bias"]
    return result


def _convolved(layer: Floats, kernel: Floats) -> Floats:
    """Every second place, by 3 by 3 places around it; beyond the rim lies nothing."""
    padded = np.pad(layer, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    result: Floats = np.tensordot(windows, kernel, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return result
