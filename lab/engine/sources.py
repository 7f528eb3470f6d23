"""The source picture of image to image: decoded safely, then always fitted in the same way.

The rule of fitting: cut from the middle to the wanted proportions, then resample (Lanczos) to the
wanted size. It never stretches, and depends on nothing but picture and size.
"""

from PIL import Image, ImageOps

from lab.engine.failures import EngineFailure
from manifests.pictures import PictureError, open_picture


def open_source(data: bytes, width: int, height: int) -> Image.Image:
    """The uploaded bytes as an RGB picture of exactly that size. Raises EngineFailure."""
    try:
        picture = open_picture(data)
    except PictureError as error:
        raise EngineFailure("bad_source", reason=error) from None
    return fit(picture, width, height)


def fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Centre crop to the proportions, then Lanczos to the size."""
    return ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
