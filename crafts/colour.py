"""Colours as people see them: CIELAB for distances, WCAG's formula for contrast, hexadecimal for names.

Rule: distances are worked out in whole hundredths of a CIELAB unit, so that every machine gets the same ones.
"""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]  # (..., 3), eight bits a channel
Labs = NDArray[np.int64]  # (..., 3), in hundredths

UNIT = 100  # of a distance of one in CIELAB
AA_TEXT, AA_LARGE = 4.5, 3.0  # the contrast that WCAG 2.2 AA asks of text, and of large text
_HEX = re.compile(r"#[0-9a-f]{6}")
_WHITE = (0.95047, 1.0, 1.08883)  # D65
_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.072175),
    (0.0193339, 0.119192, 0.9503041),
)


def _linear(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else math.pow((level + 0.055) / 1.055, 2.4)


_LINEAR = np.array([_linear(level / 255) for level in range(256)])


def lab_of(pixels: Pixels) -> Labs:
    """CIELAB (D65) of sRGB colours."""
    linear = _LINEAR[np.asarray(pixels, dtype=np.uint8)]
    scaled = []
    for row, white in zip(_TO_XYZ, _WHITE, strict=True):
        value = (linear[..., 0] * row[0] + linear[..., 1] * row[1] + linear[..., 2] * row[2]) / white
        low = value * (841 / 108) + 4 / 29
        scaled.append(np.where(value > 216 / 24389, np.cbrt(value), low))
    x, y, z = scaled
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    rounded: Labs = np.rint(lab * UNIT).astype(np.int64)
    return rounded


def squared_distances(some: Labs, others: Labs) -> Labs:
    """Of each of `some` to each of `others`, squared, in whole numbers."""
    lightness, a, b = ((some[:, None, axis] - others[None, :, axis]) ** 2 for axis in range(3))
    apart: Labs = lightness + a + b
    return apart


def distance(one: str, other: str) -> float:
    """How far two hexadecimal colours are apart in CIELAB (CIE76): 2.3 is just seen, 100 black to white."""
    apart = int(squared_distances(lab_of(rgb(one))[None], lab_of(rgb(other))[None])[0, 0])
    return round(math.sqrt(apart) / UNIT, 1)


def is_hex(text: str) -> bool:
    """Whether it reads like `#1a2b3c`."""
    return _HEX.fullmatch(text) is not None


def rgb(colour: str) -> Pixels:
    """The three levels of a hexadecimal colour."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.uint8)


def hex_of(levels: Any) -> str:
    return "#" + "".join(f"{int(level):02x}" for level in levels)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two hexadecimal colours, 1 to 21, in hundredths and never rounded up."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return math.floor((lighter + 0.05) / (darker + 0.05) * 100 + 1e-9) / 100


def text_on(colour: str) -> str:
    """Black or white, whichever is read better on it."""
    return max(("#000000", "#ffffff"), key=lambda text: contrast(text, colour))


def word_of(colour: str) -> tuple[str, str]:
    """A plain name of it as two keys: how light it is (`light`, `plain`, `dark`), and its hue or grey."""
    lightness, a, b = (value / UNIT for value in lab_of(rgb(colour)))
    chroma, hue = math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360
    if chroma < 10:
        return "plain", "black" if lightness < 15 else "white" if lightness > 92 else "grey"
    name = next(name for upto, name in _HUES if hue < upto)
    if name in ("orange", "yellow", "red") and lightness < 60 and chroma < 50:
        return ("dark" if lightness < 30 else "plain"), "brown"
    if name in ("red", "purple") and lightness > 65:
        return ("light" if lightness > 82 else "plain"), "pink"
    return ("light" if lightness > 72 and name != "yellow" else "dark" if lightness < 35 else "plain"), name


_HUES = ((48, "red"), (78, "orange"), (108, "yellow"), (165, "green"), (225, "turquoise"), (312, "blue"))
_HUES += ((340, "purple"), (361, "red"))  # type: ignore[assignment]


def _luminance(colour: str) -> float:
    red, green, blue = (float(_LINEAR[level]) for level in rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
