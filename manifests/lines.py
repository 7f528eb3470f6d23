"""A drawing's lines as outlines: what is darker than the paper around it, thinned to a pixel's width.

Of a drawing, `outlines` would give each stroke two, one on each of its sides. Paper is what is around, so a
shadow over a photographed sheet is no line. The thinning is that of Zhang and Suen (1984).
"""

import numpy as np
from PIL import Image, ImageFilter

from manifests.outlines import Mask, drawn

PAPER = 1 / 16  # of the shorter side: over so much the paper's brightness is looked for
DARKER = 0.12  # of white: by so much a line is darker than its paper


def lines(picture: Image.Image) -> Image.Image:
    """A picture of the same size, mode "L": 255 on a line, 0 elsewhere."""
    gray = picture.convert("L")
    paper = gray.filter(ImageFilter.GaussianBlur(max(2.0, min(gray.size) * PAPER)))
    light, around = (np.asarray(each, np.float32) / np.float32(255) for each in (gray, paper))
    return drawn(thinned(around - light > DARKER))


def thinned(mask: Mask) -> Mask:
    """Strokes of any width as strokes one pixel wide, in the same places; none of them is broken."""
    while True:
        before = mask
        for turn in (0, 2):
            mask = mask & ~_removable(mask, turn)
        if (mask == before).all():
            return mask


def _removable(mask: Mask, turn: int) -> Mask:
    """The pixels on a stroke's rim (the lower right one, or the upper left one) without which it holds."""
    padded = np.pad(mask, 1)
    high, wide = mask.shape
    ring = [  # the eight neighbours, clockwise from the one above
        padded[1 + y : 1 + y + high, 1 + x : 1 + x + wide]
        for y, x in ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
    ]
    count = np.sum(ring, axis=0)
    begins = np.sum([~one & other for one, other in zip(ring, [*ring[1:], ring[0]], strict=True)], axis=0)
    north, east, south, west = (ring[(place + 2 * turn) % 8] for place in (0, 2, 4, 6))
    rim = ~(north & east & south) & ~(east & south & west)
    removable: Mask = mask & (count >= 2) & (count <= 6) & (begins == 1) & rim
    return removable
