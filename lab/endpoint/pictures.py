"""Pictures on their way in and out. Rule: a picture comes within the request; no address is ever fetched."""

import base64
import binascii
import io
import re
from contextlib import suppress
from urllib.parse import unquote

from PIL import Image

from lab.endpoint.errors import ApiError, Refused
from lab.endpoint.limits import EndpointLimits
from manifests.errors import PictureError
from manifests.pictures import open_picture
from manifests.png import marked_png
from manifests.xmp import Generated, packet

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
# The name of a type, parameters such as a file's name, and the mark of base64.
_HEAD = re.compile(r"\s{0,10}data:image/[a-z0-9.+-]{1,40}(?:;[^,;]{0,200}){0,5};\s?base64,", re.IGNORECASE)
_URL_SAFE = str.maketrans("-_", "+/")


def data_url_bytes(url: str, limits: EndpointLimits, param: str) -> bytes:
    """The bytes in `data:image/...;base64,...`. Raises ApiError; what they hold is not looked at.

    Both alphabets of base64 are read, with padding or without, in lines, and percent-encoded.
    """
    head = _HEAD.match(url)
    if head is None:
        if re.match(r"[a-z][a-z0-9+.-]*://", url[:20], re.IGNORECASE):
            raise ApiError(400, "no_address", param=param)
        raise ApiError(400, "no_data_url", param=param)
    letters = url[head.end() :]
    if len(letters) * 3 // 4 <= limits.picture_bytes:
        with suppress(ValueError):  # the plain form, which nearly all send, takes a seventh of the time
            return binascii.a2b_base64(letters, strict_mode=True)
    letters = "".join(unquote(letters).split()).rstrip("=").translate(_URL_SAFE)
    if len(letters) * 3 // 4 > limits.picture_bytes:
        raise ApiError(413, "picture_too_large", param=param, mib=limits.picture_bytes // 2**20)
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4), strict_mode=True)
    except ValueError as error:  # binascii.Error is one
        raise ApiError(400, "no_data_url", param=param) from error


def picture_of(data: bytes, limits: EndpointLimits, param: str) -> Image.Image:
    """The picture in RGB. Raises ApiError."""
    try:
        return open_picture(data, max_pixels=limits.picture_pixels, max_bytes=limits.picture_bytes)
    except PictureError as error:
        raise Refused(400, "bad_picture", error, param=param) from error


def encoded(image: Image.Image, output_format: str, source_type: Generated) -> str:
    """The picture's file in base64, with the mark of origin and no other text."""
    if output_format == "png":
        return base64.b64encode(marked_png(image.convert("RGB"), packet(source_type))).decode("ascii")
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, FORMATS[output_format], quality=90, xmp=packet(source_type))
    return base64.b64encode(buffer.getvalue()).decode("ascii")
