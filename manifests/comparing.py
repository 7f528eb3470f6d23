"""How near two pictures are: what the lab and the grade both go by."""

import math

import numpy as np
from PIL import Image

from manifests.pictures import to_rgb

IDENTICAL = math.inf  # between two equal pictures

# In dB: what rounding leaves between two pictures that one machine made alike (`benchmarks/tolerance.py`).
SAME_STACK_PSNR = 60.0


def psnr(one: Image.Image, other: Image.Image) -> float | None:
    """The peak signal-to-noise ratio over all pixels and channels; None where their sizes differ."""
    if one.size != other.size:
        return None
    pair = (np.asarray(to_rgb(picture), dtype=np.float64) for picture in (one, other))
    mean_square = float(np.square(np.subtract(*pair)).mean())
    return 10 * math.log10(255**2 / mean_square) if mean_square else IDENTICAL
