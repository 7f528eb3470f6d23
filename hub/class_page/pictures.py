"""Small pictures that labs send, made anew: what decodes as a small JPEG is shown, as our own file."""

import io

from manifests.errors import PictureError
from manifests.pictures import open_picture, picture_extension

MAX_PIXELS = 640 * 640
SIDE = 320


class NoPicture(Exception):
    """What a lab sent is no small JPEG."""


def small_jpeg(data: bytes) -> bytes:
    """The picture decoded, within bounds, and encoded again. Raises NoPicture."""
    try:
        if picture_extension(data) != ".jpg":
            raise NoPicture
        picture = open_picture(data, max_pixels=MAX_PIXELS)
    except PictureError as error:
        raise NoPicture from error
    picture.thumbnail((SIDE, SIDE))
    picture.info.clear()
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()
