"""What a picture is made from: the source, decoded safely and always fitted in the same way, and the mask.

The rule of fitting is that of `manifests.pictures.fit`; a mask is of the picture's size already.
"""

from PIL import Image

from lab.engine.failures import EngineFailure
from manifests.masks import open_mask
from manifests.pictures import PictureError, fit, open_picture


def open_source(data: bytes, width: int, height: int) -> Image.Image:
    """The uploaded bytes as an RGB picture of exactly that size. Raises EngineFailure."""
    try:
        picture = open_picture(data)
    except PictureError as error:
        raise EngineFailure("bad_source", reason=error) from None
    return fit(picture, width, height)


def mask_to_draw(data: bytes, width: int, height: int) -> Image.Image:
    """A mask of that size, in which something is to be changed. Raises EngineFailure."""
    try:
        return open_mask(data, width, height)
    except PictureError as error:
        raise EngineFailure("bad_mask", reason=error) from None
