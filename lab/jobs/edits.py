"""What an edit is made from: the source, the mask that a person drew, the larger canvas, the outlines.

The pages and the command line come here, so that both record the same.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from PIL import Image

from exercises.errors import CatalogueError
from manifests.lines import lines
from manifests.manifest import Mask, Source
from manifests.masks import (
    MAX_MASK_BYTES,
    SIDES,
    USUAL_FEATHER,
    enlarged,
    feathered,
    mask_of,
    open_mask,
    usual_padding,
)
from manifests.outlines import SMOOTHING, are_outlines, outlines
from manifests.pictures import fit, open_picture
from manifests.png import plain_png
from manifests.store import Store

DATA_URL = "data:image/png;base64,"
MOST_ADDED = 512  # pixels on one side


class EditError(CatalogueError):
    """The edit cannot be made of what was given."""

    package = "lab"


@dataclass(frozen=True)
class Edit:
    """What a request needs: the source and the mask in the store, and the picture's size."""

    source: Source
    mask: Mask
    size: tuple[int, int]


def drawn_mask(url: str, size: tuple[int, int]) -> Image.Image:
    """The mask out of the page's data URL. Raises EditError where none is drawn, PictureError."""
    if not url:
        raise EditError("mask.none")
    data = url.removeprefix(DATA_URL)
    if data == url or len(data) > MAX_MASK_BYTES * 2:
        raise EditError("mask.none")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise EditError("mask.none") from None
    return mask_of(raw, *size)  # browsers write colours, all three alike


def masked_edit(
    store: Store, source: Source, mask: Image.Image, *, feather: float = USUAL_FEATHER, area: bool = True
) -> Edit:
    """A part of the source drawn anew. `area`: the marked part alone is drawn, at the full size."""
    soft = feathered(mask, feather)
    return Edit(source, store.add_mask(soft, usual_padding(mask) if area else None), mask.size)


def enlarged_edit(
    store: Store, source: Source, size: tuple[int, int], sides: Mapping[str, int], feather: float = 8
) -> Edit:
    """The source, of that size, on a larger canvas whose border is drawn; the canvas is kept as a source."""
    picture = fit(open_picture(store.source_path(source).read_bytes()), *size)
    canvas, mask = enlarged(picture, checked_sides(sides), feather)
    return Edit(store.add_source(plain_png(canvas)), store.add_mask(mask), canvas.size)


def checked_sides(sides: Mapping[str, int]) -> dict[str, int]:
    """By how much on each side, in steps of 8 pixels. Raises EditError where it is nothing or too much."""
    found = {side: round((sides.get(side) or 0) / 8) * 8 for side in SIDES}
    if not any(found.values()) or not all(0 <= added <= MOST_ADDED for added in found.values()):
        raise EditError("mask.sides", most=MOST_ADDED)
    return found


def given_mask(data: bytes, size: tuple[int, int]) -> Image.Image:
    """A mask from a person's file, fitted as its source is. Raises PictureError, also for an empty one."""
    return open_mask(plain_png(mask_of(data, *size)), *size)


def outlines_of(
    picture: Image.Image, size: tuple[int, int], smoothing: float = SMOOTHING, *, is_lines: bool = False
) -> Image.Image:
    """What leads: the picture's outlines in that size. One that is of outlines already leads as it is.

    `is_lines`: it is a drawing of dark lines. Raises EditError where there are none.
    """
    if are_outlines(picture):
        return picture.convert("L")
    fitted = fit(picture, *size)
    found = lines(fitted) if is_lines else outlines(fitted, smoothing)
    if found.getbbox() is None:
        raise EditError("outlines.nothing")
    return found


def leading_outlines(
    store: Store, data: bytes, size: tuple[int, int], smoothing: float = SMOOTHING, *, is_lines: bool = False
) -> Source:
    """The outlines of a person's picture, kept as the source of what they lead. Raises UserError."""
    found = outlines_of(open_picture(data), size, smoothing, is_lines=is_lines)
    return store.add_source(plain_png(found))
