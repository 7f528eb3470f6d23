"""Pictures taken out of the lab: one in another format, or several with their manifests in a zip.

What is recorded stays as it is. A PNG of the lab's is given as it was written, with all its texts. JPEG and
WebP keep the text `parameters`, which other tools read, as EXIF's user comment; they lose the exact pixels.
What is written anew keeps what its file declared of its origin, or is declared as the model's that it is.
"""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal, get_args

from PIL import Image

from manifests.pictures import open_picture, picture_extension, xmp_of
from manifests.png import PARAMETERS_KEY, marked_png, read_png_text
from manifests.store import Record
from manifests.xmp import Generated, packet, read

Format = Literal["PNG", "JPEG", "WEBP"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[Format, str] = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}
QUALITY = 92
MAX_CARRIED = 60 * 1024  # bytes of XMP; a JPEG has room for no more
_EXIF, _USER_COMMENT, _UNICODE = 0x8769, 0x9286, b"UNICODE\0"  # as EXIF numbers and marks them


def exported(data: bytes, kind: Format, source_type: Generated) -> bytes:
    """A recorded picture's file in that format. Raises PictureError for what is no whole picture."""
    if picture_extension(data) == ENDINGS[kind]:
        return data
    picture, out = open_picture(data), io.BytesIO()
    own = xmp_of(data)
    xmp = own if read(own).generated and len(own) <= MAX_CARRIED else packet(source_type)
    if kind == "PNG":
        return marked_png(picture, xmp)
    exif = Image.Exif()
    exif.endian = ">"  # the order of the comment's bytes too
    if told := read_png_text(data).get(PARAMETERS_KEY):
        exif.get_ifd(_EXIF)[_USER_COMMENT] = _UNICODE + told.encode("utf-16-be", "surrogatepass")
    picture.save(out, kind, quality=QUALITY, exif=exif.tobytes(), xmp=xmp)
    return out.getvalue()


def user_comment(data: bytes) -> str:
    """EXIF's user comment of a JPEG or a WebP; empty where there is none. Its pixels are not decoded."""
    kind = {".jpg": "JPEG", ".webp": "WEBP"}.get(picture_extension(data))
    if kind is None:
        return ""
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            exif = image.getexif()
            comment, endian = exif.get_ifd(_EXIF).get(_USER_COMMENT), exif.endian
    except Exception:  # decoders raise what they like on broken data
        return ""
    if isinstance(comment, str):
        return comment
    if not isinstance(comment, bytes) or not comment.startswith(_UNICODE):
        return ""
    text = comment.removeprefix(_UNICODE)
    # Some tools write another order than the file's own: most letters have a zero as their higher byte.
    turned = endian == "<" and text[1::2].count(0) > text[::2].count(0)
    return text.decode("utf-16-le" if turned else "utf-16-be", "replace")


def zipped(records: Iterable[Record]) -> bytes:
    """The files of these records and their manifests, as they are on disk. Raises OSError."""
    out = io.BytesIO()
    zip_into(out, records)
    return out.getvalue()


def zip_into(file: Path | IO[bytes], records: Iterable[Record]) -> None:
    """The same into a file. Raises OSError."""
    with zipfile.ZipFile(file, "w") as archive:  # pictures do not shrink any more
        for record in records:
            for path in (record.image_path, record.manifest_path):
                archive.writestr(path.name, path.read_bytes())
