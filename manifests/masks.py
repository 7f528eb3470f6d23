"""Masks: which part of a picture is drawn anew, and whether the rest is as it was.

A mask is a grayscale PNG of the picture's size. White is changed, black is kept, and the gray of a soft edge
is a mixture: what is not black may change. Whoever draws, records and checks measures with these functions.
"""

import io
from collections.abc import Mapping

from PIL import Image, ImageFilter, ImageOps

from manifests.errors import PictureError
from manifests.pictures import fit, open_picture

MAX_MASK_BYTES = 2 * 2**20
MOST_FEATHER, USUAL_FEATHER = 64, 6  # pixels
OUTSIDE_AT_MOST = 1.0  # of 255: the mean change that is borne where a mask is black
DRAWN = 128  # from this gray on a pixel is drawn anew; below, the source's is only mixed with what is drawn
SIDES = ("left", "top", "right", "bottom")


def open_mask(data: bytes, width: int, height: int) -> Image.Image:
    """The mask in grayscale. Raises PictureError for what is no PNG of that size, or changes nothing."""
    if len(data) > MAX_MASK_BYTES:
        raise PictureError("mask.too_large", mib=MAX_MASK_BYTES // 2**20)
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            size, gray = image.size, image.mode in ("1", "L")
            if size == (width, height) and gray:
                mask = image.convert("L")
    except Exception as error:  # decoders raise what they like on broken data
        raise PictureError("mask.broken") from error
    if size != (width, height):
        raise PictureError("mask.size", width=size[0], height=size[1], needed=f"{width}x{height}")
    if not gray:
        raise PictureError("mask.colours")
    if not _drawn(mask).getbbox():
        raise PictureError("mask.empty")
    return mask


def mask_bytes(mask: Image.Image) -> bytes:
    """The mask as it is kept."""
    out = io.BytesIO()
    mask.convert("L").save(out, "PNG", optimize=True)
    return out.getvalue()


def mask_of(data: bytes, width: int, height: int) -> Image.Image:
    """A mask of that size out of a person's picture of any kind, which is fitted as its source is.

    Raises PictureError.
    """
    return fit(open_picture(data), width, height).convert("L")


def transparent_part(data: bytes, width: int, height: int) -> Image.Image:
    """A mask of that size out of a picture whose transparent part is to change, as OpenAI's API has masks.

    Raises PictureError, also where the picture has no transparency.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "WEBP")) as image:
            if not image.has_transparency_data:
                raise PictureError("mask.opaque")
            alpha = image.convert("RGBA").getchannel("A")
    except PictureError:
        raise
    except Exception as error:  # decoders raise what they like on broken data
        raise PictureError("mask.broken") from error
    return inverted(fit(alpha, width, height).convert("L"))


def as_transparent(mask: Image.Image) -> bytes:
    """The same as OpenAI's API has masks: a PNG that is transparent where the picture is to change."""
    picture, out = Image.new("RGBA", mask.size, "black"), io.BytesIO()
    picture.putalpha(inverted(mask.convert("L")))
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def rectangle(width: int, height: int, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """A mask that is white within a rectangle of pixels, the right and lower edge left out."""
    mask = Image.new("L", (width, height), 0)
    box = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
    if box[0] < box[2] and box[1] < box[3]:
        mask.paste(255, box)
    return mask


def feathered(mask: Image.Image, pixels: float) -> Image.Image:
    """The mask with an edge that is soft over about so many pixels on either side."""
    return mask.filter(ImageFilter.GaussianBlur(min(pixels, MOST_FEATHER) / 2)) if pixels > 0 else mask


def inverted(mask: Image.Image) -> Image.Image:
    """What was kept is changed, what was changed is kept."""
    return ImageOps.invert(mask)


def box_of(mask: Image.Image) -> tuple[int, int, int, int]:
    """The smallest rectangle around what is drawn anew: left, top, right, bottom; all 0 where nothing is."""
    return _drawn(mask).getbbox() or (0, 0, 0, 0)


def usual_padding(mask: Image.Image) -> int:
    """How much around the mask is drawn along at the full size: an eighth of its rectangle's longer side.

    So a model that fills three quarters of its picture with an object fills the mask with it.
    """
    left, top, right, bottom = box_of(mask)
    return max(right - left, bottom - top) // 8


def covered(mask: Image.Image) -> float:
    """The part of the picture that may change, from 0 to 1."""
    kept = mask.histogram()[0]
    return 1 - kept / (mask.width * mask.height)


def change(source: Image.Image, picture: Image.Image, mask: Image.Image) -> tuple[float, float]:
    """The mean difference of 255 between two pictures of the mask's size: outside of it, and inside.

    Outside is where the mask is black, inside where pixels are drawn anew; 0 where there are none such.
    """
    import numpy as np

    difference = np.abs(np.asarray(source, np.int16) - np.asarray(picture, np.int16)).mean(axis=2)
    gray = np.asarray(mask)
    outside, inside = difference[gray == 0], difference[gray >= DRAWN]
    return (float(outside.mean()) if outside.size else 0.0, float(inside.mean()) if inside.size else 0.0)


def enlarged(
    picture: Image.Image, sides: Mapping[str, int], feather: float = 8
) -> tuple[Image.Image, Image.Image]:
    """A larger canvas with the picture on it, and the mask of the new border.

    `sides`: by how many pixels on the left, top, right and bottom. The border repeats the picture's edge, and
    the mask's soft edge lies within the picture, so that the seam is drawn too.
    """
    import numpy as np

    left, top, right, bottom = (max(sides.get(side, 0), 0) for side in SIDES)
    pixels = np.pad(np.asarray(picture.convert("RGB")), ((top, bottom), (left, right), (0, 0)), mode="edge")
    canvas = Image.fromarray(pixels)
    width, height = picture.size
    seam = round(feather)
    inner = (
        left + seam * (left > 0),
        top + seam * (top > 0),
        left + width - seam * (right > 0),
        top + height - seam * (bottom > 0),
    )
    mask = inverted(rectangle(*canvas.size, *inner))
    return canvas, feathered(mask, feather)


def _drawn(mask: Image.Image) -> Image.Image:
    """White where pixels are drawn anew, black elsewhere."""
    return mask.point([0] * DRAWN + [255] * (256 - DRAWN))
