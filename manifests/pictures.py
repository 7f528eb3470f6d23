"""The one safe way to decode a picture from outside: known formats only, bounded before decoding."""

import io
from typing import Any

from PIL import Image, ImageChops, ImageOps
from PIL.PngImagePlugin import PngInfo

from manifests.errors import PictureError

MAX_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 50_000_000  # the largest phone cameras
MAX_XMP = 1024 * 1024
MIN_PHOTO_SIDE = 64  # below it there is nothing to see, and no model draws so small

# What every browser shows and every API takes, by a file's ending; a photo may be more (see FORMATS).
MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}

XMP_KEY = "XML:com.adobe.xmp"  # the text of a PNG that holds its XMP

# Pillow's format for each ending.
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".webp": "WEBP",
    ".heic": "HEIF",
    ".avif": "AVIF",
    ".gif": "GIF",
    ".tif": "TIFF",
    ".bmp": "BMP",
}
_STARTS = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF87a": ".gif",
    b"GIF89a": ".gif",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"BM": ".bmp",
}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}


def open_picture(data: bytes, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Image.Image:
    """The picture as a person sees it: RGB, upright (EXIF applied), on white where transparent.

    The first frame of an animation, the first page of a document. Raises PictureError for anything
    that is not a whole picture in one of FORMATS, of at most `max_bytes` and `max_pixels`.
    """
    if len(data) > max_bytes:
        raise PictureError("picture.too_large", mib=max_bytes // 2**20)
    extension = picture_extension(data)
    try:
        if extension == ".heic":
            _read_heic_too()
        image: Image.Image = Image.open(io.BytesIO(data), formats=(FORMATS[extension],))
        width, height = image.size
        if width * height > max_pixels:
            raise PictureError("picture.too_many_pixels", width=width, height=height, maximum=max_pixels)
        image.load()
        if extension == ".jpg" and image.mode == "CMYK" and "adobe" not in image.info:
            image = ImageChops.invert(
                image
            )  # Pillow takes every such file for one of Adobe's, which are inverted
        return to_rgb(ImageOps.exif_transpose(image))
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        raise PictureError("picture.bomb", maximum=max_pixels) from error
    except Exception as error:  # decoders raise what they like on broken data
        raise PictureError("picture.broken") from error


def open_photo(data: bytes) -> Image.Image:
    """A picture that is to show a product. Raises PictureError, also where it has too few pixels for that."""
    photo = open_picture(data)
    if min(photo.size) < MIN_PHOTO_SIDE:
        width, height = photo.size
        raise PictureError("picture.too_small", width=width, height=height, minimum=MIN_PHOTO_SIDE)
    return photo


def fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """The picture in RGB and of that size, as every model that begins with one gets it.

    Cut from the middle to the proportions, then resampled (Lanczos): it never stretches, and depends on
    nothing but picture and size.
    """
    return ImageOps.fit(picture.convert("RGB"), (width, height), Image.Resampling.LANCZOS)


def widely_read(data: bytes) -> tuple[bytes, str]:
    """A picture for a browser or an API, and its media type: as it came if all take it, else as PNG.

    What it says of its origin in XMP goes along.
    """
    extension = picture_extension(data)
    if extension in MEDIA_TYPES:
        return data, MEDIA_TYPES[extension]
    file, texts = io.BytesIO(), PngInfo()
    if xmp := xmp_of(data).decode("utf-8", "ignore"):
        texts.add_itxt(XMP_KEY, xmp)
    open_picture(data).save(file, "PNG", pnginfo=texts)
    return file.getvalue(), MEDIA_TYPES[".png"]


def xmp_of(data: bytes) -> bytes:
    """The XMP packet in a picture's file, as it stands there; empty where there is none.

    Raises PictureError for what is no picture. Its pixels are not decoded for that.
    """
    extension = picture_extension(data)
    try:
        if extension == ".heic":
            _read_heic_too()
        with Image.open(io.BytesIO(data), formats=(FORMATS[extension],)) as image:
            found: Any = image.info.get("xmp", b"")
    except Exception as error:  # decoders raise what they like on broken data
        raise PictureError("picture.broken") from error
    return found if isinstance(found, bytes) and len(found) <= MAX_XMP else b""


def to_rgb(image: Image.Image) -> Image.Image:
    """The picture in RGB, whatever Pillow's mode; what is transparent becomes white."""
    if image.mode[0] in "IF":
        return _from_numbers(image)
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        if image.mode == "RGB":
            image.info["transparency"] = _in_eight_bits(image.info["transparency"])
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def picture_extension(data: bytes) -> str:
    """An ending among FORMATS, by the first bytes. Raises PictureError for anything else."""
    for start, extension in _STARTS.items():
        if data.startswith(start):
            return extension
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ".webp"
    if data[4:8] == b"ftyp":
        length = min(int.from_bytes(data[:4], "big"), 512)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
        if brands & _AVIF_BRANDS:
            return ".avif"
        if brands & _HEIC_BRANDS:
            return ".heic"
    raise PictureError("picture.format")


def _read_heic_too() -> None:
    """Let Pillow read HEIC; loaded only for one, for it takes a while."""
    import pi_heif

    pi_heif.register_heif_opener(thumbnails=False)


def _from_numbers(image: Image.Image) -> Image.Image:
    """Greys of more than eight bits. What is brightest is known of 16 bits, else guessed from the numbers.

    Whole numbers are of 8, 16 or 31 bits and fractions up to 1, 255 or 65535: the least that holds them all.
    """
    import numpy as np

    kept = image.convert("I") if image.mode.startswith("I;16") else image
    values = np.nan_to_num(np.asarray(kept, dtype=np.float32), nan=0.0, posinf=0.0)
    white = 65535.0
    if not image.mode.startswith("I;16"):
        ceilings = (255.0, 65535.0, 2.0**31) if image.mode == "I" else (1.0, 255.0, 65535.0)
        brightest = float(values.max(initial=0.0))
        white = next((ceiling for ceiling in ceilings if brightest <= ceiling), brightest)
    levels = (np.clip(values, 0, white) * (255 / white)).round().astype(np.uint8)
    seen_through = image.info.get("transparency")
    if isinstance(seen_through, int):
        levels[values == seen_through] = 255
    return Image.fromarray(levels).convert("RGB")


def _in_eight_bits(colour: tuple[int, ...]) -> tuple[int, ...]:
    """A colour that a PNG of 16 bits names as transparent, in the eight that Pillow keeps."""
    return tuple(value >> 8 for value in colour) if max(colour) > 255 else colour
