"""How much of the outlines that led it a recorded picture keeps, measured from the two files."""

from functools import lru_cache
from pathlib import Path

from exercises.errors import UserError
from manifests.manifest import Request
from manifests.outlines import followed
from manifests.pictures import open_picture
from manifests.store import Record, Store


def kept_of(store: Store, record: Record) -> float | None:
    """From 0 to 1; None where no outlines led it, or a file is not there as it was recorded."""
    request = record.manifest.request
    if not isinstance(request, Request) or request.mode != "control" or request.source is None:
        return None
    try:
        led = store.source_path(request.source)
        return _measured(record.image_path, record.manifest.image.sha256, led, request.source.sha256)
    except (UserError, OSError):
        return None


@lru_cache(maxsize=64)
def _measured(picture: Path, picture_hash: str, led: Path, led_hash: str) -> float:
    """The hashes are part of what is remembered. Raises PictureError, OSError."""
    return followed(open_picture(picture.read_bytes()), open_picture(led.read_bytes()))
