"""What a grader needs to know of one picture, measured once from its bytes."""

import hashlib
from dataclasses import dataclass
from threading import Lock

import numpy as np
from cachetools import LRUCache, cached
from PIL import Image

from grading.wording import Message, message
from manifests.errors import PictureError
from manifests.pictures import open_picture
from manifests.png import pixels_sha256, read_png_text

SMALL = 192  # pixels of a side, at most
REMEMBERED = (
    256  # pictures whose facts are kept (all of a data set); each takes SMALL * SMALL * 3 bytes at most
)
LEVELS = np.arange(256.0)
BLANK_BELOW = (
    2.0  # grey levels of 255: the noise of a failed decoder stays under it, the plainest picture does not
)


@dataclass(frozen=True)
class PictureFacts:
    """Facts of a picture that decodes. `spread`: the largest standard deviation among R, G, B (0..127.5)."""

    sha256: str
    width: int
    height: int
    pixels_sha256: str
    spread: float
    text: dict[str, str]
    small: Image.Image  # a copy for reports

    @property
    def blank(self) -> bool:
        return self.spread < BLANK_BELOW


@dataclass(frozen=True)
class Undecodable:
    """A file that is there and no picture; its hash is known all the same."""

    sha256: str
    reason: Message


# The lab's pages check the same files again and again: what a content's measures are never changes.
@cached(LRUCache(maxsize=REMEMBERED), key=lambda data: hashlib.sha256(data).digest(), lock=Lock())
def look(data: bytes) -> PictureFacts | Undecodable:
    """Decode (bounded) and measure."""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        picture, text = open_picture(data), read_png_text(data)
    except PictureError as error:
        return Undecodable(sha256, message("picture.undecodable", why=error))
    return PictureFacts(
        sha256=sha256,
        width=picture.width,
        height=picture.height,
        pixels_sha256=pixels_sha256(picture),
        spread=_spread(picture),
        text=text,
        small=_small(picture),
    )


def _spread(picture: Image.Image) -> float:
    """The largest standard deviation among R, G, B, out of the histogram: which is quick."""
    counts = np.asarray(picture.histogram(), float).reshape(3, LEVELS.size)
    pixels = picture.width * picture.height
    means = counts @ LEVELS / pixels
    return float(np.sqrt(np.maximum(counts @ LEVELS**2 / pixels - means**2, 0)).max())


def _small(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    copy.thumbnail((SMALL, SMALL), Image.Resampling.BILINEAR)
    return copy
