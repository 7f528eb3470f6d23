"""The one safe way to decode a picture from outside: known formats only, bounded before decoding."""

import io

from PIL import Image, ImageOps

from manifests.errors import PictureError

MAX_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 50_000_000  # the largest phone cameras
FORMATS = ("PNG", "JPEG", "WEBP")
MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}  # by a file's ending


def open_picture(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Image.Image:
    """The picture as a person sees it: RGB, upright (EXIF applied), on white where transparent.

    The first frame of an animation. Raises PictureError for anything that is not a whole PNG,
    JPEG or WebP of at most `max_bytes` and `max_pixels`.
    """
    if len(data) > max_bytes:
        raise PictureError("picture.too_large", mib=max_bytes // 2**20)
    picture_extension(data)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > max_pixels:
            raise PictureError("picture.too_many_pixels", width=width, height=height, maximum=max_pixels)
        image.load()
        return to_rgb(ImageOps.exif_transpose(image))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError("picture.bomb", maximum=max_pixels) from error
    except Exception as error:  # decoders raise what they like on broken data
        raise PictureError("picture.broken") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB; what is transparent becomes white."""
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def picture_extension(data: bytes) -> str:
    """`.png`, `.jpg` or `.webp`, by the first bytes. Raises PictureError for anything else."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    if data.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    raise PictureError("picture.format")
