"""Pictures on their way in and out. Rule: a picture comes within the request; no address is ever fetched."""

import base64
import binascii
import io
import re

from PIL import Image

from lab.endpoint.errors import ApiError, Refused
from lab.endpoint.limits import EndpointLimits
from manifests.errors import PictureError
from manifests.pictures import open_picture

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
_HEAD = re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,", re.IGNORECASE)


def data_url_bytes(url: str, limits: EndpointLimits, param: str) -> bytes:
    """The bytes in `data:image/...;base64,...`. Raises ApiError; what they hold is not looked at."""
    head = _HEAD.match(url[:100])
    if head is None:
        if re.match(r"[a-z][a-z0-9+.-]*://", url[:20], re.IGNORECASE):
            raise ApiError(400, "no_address", param=param)
        raise ApiError(400, "no_data_url", param=param)
    if (len(url) - head.end()) * 3 // 4 > limits.picture_bytes + 2:
        raise ApiError(413, "picture_too_large", param=param, mib=limits.picture_bytes // 2**20)
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, "no_data_url", param=param) from error


def picture_of(data: bytes, limits: EndpointLimits, param: str) -> Image.Image:
    """The picture in RGB. Raises ApiError."""
    try:
        return open_picture(data, max_pixels=limits.picture_pixels, max_bytes=limits.picture_bytes)
    except PictureError as error:
        raise Refused(400, "bad_picture", error, param=param) from error


def encoded(image: Image.Image, output_format: str) -> str:
    """The picture's file in base64, without texts of any kind."""
    buffer = io.BytesIO()
    options = {} if output_format == "png" else {"quality": 90}
    image.convert("RGB").save(buffer, FORMATS[output_format], **options)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
