"""Pictures resized, cropped and saved in several formats: a batch of files, and what each step cost.

Each picture is cropped to a form (or not), made as large as each size, and saved in each format. A file's
figures: its bytes; how near its pixels are to those before saving (PSNR in decibels, none where they are the
same); whether it carries metadata. The files are written without any; what the sources carried is told.
Another version of a library may write a file a little shorter, so the figures may differ by `TOLERANCE`.
"""

import io
import math
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field, JsonValue, StrictInt, field_validator

from crafts.application import Application, Figures, Pictures, Settings
from crafts.errors import CraftError
from crafts.pages import Document
from exercises.i18n import Language, number, translator
from manifests.pictures import XMP_KEY

Format = Literal["PNG", "JPEG 90", "JPEG 60", "JPEG 30", "WebP 80", "WebP 40", "WebP lossless", "GIF"]
Crop = Literal["none", "square", "4:3", "16:9", "3:4"]

MOST_PICTURES, MOST_SIZES, MOST_FORMATS, MOST_FILES = 10, 6, 8, 200
TOLERANCE = 0.1
CROPS: dict[Crop, str] = {
    "none": "none",
    "square": "square",
    "4:3": "4_3",
    "16:9": "16_9",
    "3:4": "3_4",
}  # as keys
_FORMS = {"square": (1, 1), "4:3": (4, 3), "16:9": (16, 9), "3:4": (3, 4)}
_WRITTEN: dict[str, tuple[str, str, dict[str, Any]]] = {  # Pillow's format, the ending, its options
    "PNG": ("PNG", ".png", {"optimize": True}),
    "JPEG 90": ("JPEG", ".jpg", {"quality": 90}),
    "JPEG 60": ("JPEG", ".jpg", {"quality": 60}),
    "JPEG 30": ("JPEG", ".jpg", {"quality": 30}),
    "WebP 80": ("WEBP", ".webp", {"quality": 80}),
    "WebP 40": ("WEBP", ".webp", {"quality": 40}),
    "WebP lossless": ("WEBP", ".webp", {"lossless": True}),
    "GIF": ("GIF", ".gif", {}),
}


Size = Annotated[StrictInt, Field(ge=16, le=512)]


class OperationsSettings(Settings):
    """`sizes`: the longer side in pixels. `crop`: the form that is cut out of the middle."""

    sizes: tuple[Size, ...] = Field(default=(64, 128, 192, 256), min_length=1, max_length=MOST_SIZES)
    formats: tuple[Format, ...] = Field(
        default=("PNG", "JPEG 90", "JPEG 60", "JPEG 30", "WebP 80"), min_length=1, max_length=MOST_FORMATS
    )
    crop: Crop = "none"

    @field_validator("sizes", "formats")
    @classmethod
    def _different(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        """One that stands there twice counts once."""
        return tuple(dict.fromkeys(value))


@dataclass(frozen=True)
class Made:
    """One file of the batch."""

    name: str
    format: str
    data: bytes
    width: int
    height: int
    psnr: float | None  # None: the same pixels


def batch(settings: OperationsSettings, pictures: Pictures) -> Iterator[Made]:
    """Every picture in every size and format. Raises CraftError."""
    count = len(pictures) * len(settings.sizes) * len(settings.formats)
    if count > MOST_FILES:
        raise CraftError("operations_too_many", maximum=MOST_FILES, found=count)
    for place, picture in enumerate(pictures, 1):
        cut = cropped(picture, settings.crop)
        for size in settings.sizes:
            ready = resized(cut, size)
            for name in settings.formats:
                kind, ending, options = _WRITTEN[name]
                out = io.BytesIO()
                ready.save(out, kind, **options)
                slug = name.lower().replace(" ", "-")
                file = f"{place:02d}-{size}-{slug}{ending}"
                yield Made(file, name, out.getvalue(), *ready.size, psnr(ready, out))


def cropped(picture: Image.Image, form: Crop) -> Image.Image:
    """The largest part of that form out of the middle, in pixels alone."""
    plain = Image.fromarray(np.asarray(picture))  # nothing of what the file said comes along
    if form == "none":
        return plain
    across, down = _FORMS[form]
    unit = min(plain.width / across, plain.height / down)
    size = (max(1, round(unit * across)), max(1, round(unit * down)))
    return ImageOps.fit(plain, size, Image.Resampling.LANCZOS)


def resized(picture: Image.Image, size: int) -> Image.Image:
    """As large that its longer side has so many pixels."""
    scale = size / max(picture.size)
    sides = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(sides, Image.Resampling.LANCZOS)


def psnr(before: Image.Image, file: io.BytesIO) -> float | None:
    """How near a file's pixels are to those it was written from, in decibels; None: they are the same."""
    with Image.open(file) as image:
        after = np.asarray(image.convert("RGB"), dtype=np.int64)
    error = float(((np.asarray(before, dtype=np.int64) - after) ** 2).mean())
    return round(10 * math.log10(255**2 / error), 1) if error else None


def metadata_of(picture: Image.Image) -> dict[str, JsonValue]:
    """What a picture's file says beside its pixels: the name of each text or block, and its bytes."""
    found = {
        str(name)[:60]: len(value if isinstance(value, bytes) else str(value).encode())
        for name, value in picture.info.items()
        if isinstance(value, str | bytes) and not (name == "xmp" and XMP_KEY in picture.info)  # told twice
    }
    return dict(sorted(found.items())[:20])


def figures(settings: OperationsSettings, pictures: Pictures) -> Figures:
    """The table of the files, of each format, and what the sources carried."""
    return _told(pictures, list(batch(settings, pictures)))


def _told(pictures: Pictures, made: list[Made]) -> Figures:
    formats: list[JsonValue] = []
    for name in dict.fromkeys(each.format for each in made):
        own = [each for each in made if each.format == name]
        known = [each.psnr for each in own if each.psnr is not None]
        formats.append(
            {
                "format": name,
                "files": len(own),
                "bytes": sum(len(each.data) for each in own),
                "psnr": round(sum(known) / len(known), 1) if known else None,
            }
        )
    files: list[JsonValue] = [
        {"name": m.name, "width": m.width, "height": m.height, "bytes": len(m.data), "psnr": m.psnr}
        for m in made
    ]
    sources: list[JsonValue] = [
        {"width": picture.width, "height": picture.height, "metadata": metadata_of(picture)}
        for picture in pictures
    ]
    return {"formats": formats, "files": files, "sources": sources}


def files(
    settings: OperationsSettings, pictures: Pictures, found: Figures, language: Language
) -> dict[str, bytes]:
    """The batch as a zip, and one page on it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for made in batch(settings, pictures):
            archive.writestr(zipfile.ZipInfo(made.name), made.data)  # no time of its own
    return {".pdf": _Page(language, settings, found).document(), ".zip": out.getvalue()}


class _Page(Document):
    def __init__(self, language: Language, settings: OperationsSettings, found: dict[str, Any]) -> None:
        self.t, self.language = translator("crafts", language), language
        super().__init__(language, self.t("operations.title"))
        self.settings, self.found = settings, found

    def document(self) -> bytes:
        """What came of it, by format, with what was asked for."""
        t, found, settings = self.t, self.found, self.settings
        self.pdf.add_page()
        self.text(t("operations.title"), 17, bold=True)
        sizes = ", ".join(map(str, settings.sizes))
        values = {"files": len(found["files"]), "pictures": len(found["sources"]), "sizes": sizes}
        self.text(t("operations.asked", **values, crop=t(f"operations.crop_{CROPS[settings.crop]}")))
        self.heading(t("operations.by_format"))
        names = ("format", "files", "kib", "mean", "psnr")
        rows = [
            [
                each["format"],
                str(each["files"]),
                number(round(each["bytes"] / 1024, 1), self.language),
                number(round(each["bytes"] / each["files"] / 1024, 1), self.language),
                t("operations.same") if each["psnr"] is None else number(each["psnr"], self.language),
            ]
            for each in found["formats"]
        ]
        self.table([t(f"operations.{name}") for name in names], rows, (40, 24, 34, 40, 36))
        self.text(t("operations.psnr_note"), grey=True)
        self.heading(t("operations.metadata"))
        carried = sorted({name for each in found["sources"] for name in each["metadata"]})
        size = sum(sum(each["metadata"].values()) for each in found["sources"])
        if carried:
            self.text(t("operations.carried", names=", ".join(carried), bytes=size))
        self.text(t("operations.stripped"))
        return self.written()


APPLICATION = Application(
    "operations",
    OperationsSettings,
    figures,
    files,
    (".pdf", ".zip"),
    most=MOST_PICTURES,
    tolerance=TOLERANCE,
)
