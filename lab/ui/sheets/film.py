"""A film from one picture to another as files: a strip with labels, and an animation that plays once."""

import io
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from PIL import Image

from exercises.errors import UserError
from grading.checks.between import way_of
from lab.session.lab import Lab
from lab.ui.sheets.drawing import Cell, Row, draw
from lab.ui.sheets.kept import composed, forget
from manifests.atomic import write_atomic
from manifests.pictures import open_picture
from manifests.store import Record
from manifests.xmp import packet

COLUMNS = 8
SECONDS = 4.0  # the animation plays so long, and then stands: nobody has to stop it
STAYS = 600  # milliseconds on each end


def film_files(lab: Lab, exercise: str, film: Sequence[Record], title: str) -> tuple[Path, Path] | None:
    """The strip (PNG) and the animation (WebP) of a film; None while a frame of it cannot be opened."""
    key = sha256("|".join(record.manifest.image.sha256 for record in film).encode()).hexdigest()[:16]
    folder = lab.folder / "films"
    strip, moving = (folder / f"{exercise}-{key}.{kind}" for kind in ("png", "webp"))
    if not (strip.exists() and moving.exists()):
        try:
            frames = [open_picture(record.image_path.read_bytes()) for record in film]
        except (UserError, OSError):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        forget(folder, f"{exercise}-*.*")
        labels = [f"{between.place:.2f}" for record in film if (between := way_of(record))]
        write_atomic(strip, composed(draw(strip_rows(frames, labels), title=title, missing="")))
        write_atomic(moving, animation(frames))
    return strip, moving


def strip_rows(frames: Sequence[Image.Image], labels: Sequence[str]) -> list[Row]:
    """The frames in their order, each with its place."""
    cells = [Cell(frame, label) for frame, label in zip(frames, labels, strict=True)]
    return [Row("", cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]


def animation(frames: Sequence[Image.Image]) -> bytes:
    """An animated WebP, which says that a model made it; it plays once."""
    between = max(int(1000 * SECONDS - 2 * STAYS) // max(len(frames) - 2, 1), 20)
    durations = [STAYS, *[between] * (len(frames) - 2), STAYS]
    out = io.BytesIO()
    frames[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=list(frames[1:]),
        duration=durations,
        loop=1,
        quality=90,
        xmp=packet("trainedAlgorithmicMedia"),
    )
    return out.getvalue()
