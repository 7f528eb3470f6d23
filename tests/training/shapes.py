"""A drawing to compose with where the emoji are not fetched: a shaded round box on nothing."""

import numpy as np
from PIL import Image


def shaded_box(side: int = 128) -> Image.Image:
    """Light from the upper left, as on the emoji."""
    y, x = np.mgrid[0:side, 0:side] / side
    light = 230 - 120 * (x + y) / 2
    inside = (abs(x - 0.5) ** 4 + abs(y - 0.5) ** 4) < 0.45**4
    pixels = np.stack([light, light * 0.8, light * 0.6, 255.0 * inside], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8), "RGBA")
