"""A source as the model gets it, on its larger canvas, and its outlines: files that browsers can show."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from PIL import Image

from exercises.errors import UserError
from lab.jobs.edits import outlines_of
from lab.session.lab import Lab
from manifests.atomic import write_atomic
from manifests.manifest import Source
from manifests.masks import SIDES, enlarged
from manifests.pictures import fit, open_picture
from manifests.png import plain_png

KEPT_SECONDS = 3600.0
MARKED = (214, 0, 110)


def fitted_picture(lab: Lab, source: Source, size: tuple[int, int]) -> Path | None:
    """The source in that size; None where it cannot be read."""
    path = lab.cache / "edits" / f"{source.sha256[:16]}-{size[0]}x{size[1]}.png"
    if not path.exists():
        picture = _open(lab, source, size)
        if picture is None:
            return None
        _keep(path, picture)
    return path


def canvas_picture(
    lab: Lab, source: Source, size: tuple[int, int], sides: Mapping[str, int]
) -> tuple[Path, tuple[int, int]] | None:
    """The source on its larger canvas, the border marked, and the canvas's size."""
    added = "-".join(str(sides.get(side, 0)) for side in SIDES)
    path = lab.cache / "edits" / f"{source.sha256[:16]}-{size[0]}x{size[1]}-{added}.png"
    whole = size[0] + sides["left"] + sides["right"], size[1] + sides["top"] + sides["bottom"]
    if not path.exists():
        picture = _open(lab, source, size)
        if picture is None:
            return None
        canvas, mask = enlarged(picture, sides, 0)
        tinted = Image.blend(canvas, Image.new("RGB", canvas.size, MARKED), 0.35)
        _keep(path, Image.composite(tinted, canvas, mask))
    return path, whole


def outlines_picture(
    lab: Lab, source: Source, size: tuple[int, int], smoothing: float, *, is_lines: bool
) -> Path | None:
    """The outlines as they lead; None where the source cannot be read. Raises EditError: it has none."""
    how = "lines" if is_lines else f"{smoothing:g}"
    path = lab.cache / "edits" / f"{source.sha256[:16]}-{size[0]}x{size[1]}-outlines-{how}.png"
    if not path.exists():
        try:
            picture = open_picture(lab.store().source_path(source).read_bytes())
        except (UserError, OSError):
            return None
        _keep(path, outlines_of(picture, size, smoothing, is_lines=is_lines))
    return path


def _open(lab: Lab, source: Source, size: tuple[int, int]) -> Image.Image | None:
    try:
        return fit(open_picture(lab.store().source_path(source).read_bytes()), *size)
    except (UserError, OSError):
        return None


def _keep(path: Path, picture: Image.Image) -> None:
    """Write it, and delete those of the past."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob("*.png"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > KEPT_SECONDS:
                old.unlink()
    write_atomic(path, plain_png(picture))
