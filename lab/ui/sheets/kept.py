"""An exercise's grid and a run's film as files: drawn when what they show has changed, else reused.

A grid lies in the cache under a name that stands for all it shows, so it is drawn anew exactly when
that changes. A film is the run's own record of its way from noise to image and lies in `films/`.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from PIL import Image

from exercises.errors import UserError
from exercises.i18n import Language, translator
from exercises.kinds import Grid, Own
from exercises.kinds.planned import Planned
from exercises.parameters import FROM_SOURCE
from lab.jobs.generate import PictureSaved
from lab.session.lab import Lab
from lab.ui.sheets import grids
from lab.ui.sheets.drawing import draw
from manifests.atomic import write_atomic
from manifests.manifest import Source
from manifests.pictures import open_picture
from manifests.png import marked_png
from manifests.store import Record
from manifests.xmp import packet

Records = Mapping[str, Record | None]  # the newest of each run
KEPT_SECONDS = 600
PHOTO_SIDE = 640  # pixels; a phone's photo is drawn no larger


def grid(
    lab: Lab, language: Language, exercise: Planned, records: Records, source: Source | None
) -> Path | None:
    """The grid of an exercise as a PNG file; None while none of its runs has been made."""
    there = {run_id: record for run_id, record in records.items() if record is not None}
    if not there:
        return None
    shown = [f"{run_id}={record.manifest.image.sha256}" for run_id, record in there.items()]
    key = sha256("|".join([source.sha256 if source else "", *shown]).encode()).hexdigest()[:16]
    folder = lab.cache / "grids" / f"{lab.assignment.id}-{exercise.id}-{language}"
    path = folder / f"{exercise.id}-{key}.png"
    if not path.exists():
        t = translator("lab", language)
        pictures = _pictures(there)
        if exercise.mode in FROM_SOURCE:
            rows = grids.strength_rows(t, exercise.runs, pictures, _photo(lab, source))
        elif isinstance(exercise, Grid):
            rows = grids.crossed_rows(t, exercise, pictures)
        elif isinstance(exercise, Own):
            rows = grids.seed_rows(t, exercise.runs, pictures)
        else:
            rows = grids.sweep_rows(t, exercise.runs, pictures)
        request = next(iter(there.values())).manifest.request
        model = next(iter(there.values())).manifest.model.id
        title = t("grid.title", prompt=request.prompt, model=model, seed=request.seed)
        if isinstance(exercise, Grid):
            title = grids.crossed_title(t, exercise, model)
        folder.mkdir(parents=True, exist_ok=True)
        forget(folder, "*.png")
        write_atomic(path, composed(draw(rows, title=title, missing=t("grid.missing"))))
    return path


def composed(picture: Image.Image) -> bytes:
    """A sheet of generated pictures with words, as PNG: something composed, and marked as that."""
    return marked_png(picture, packet("compositeWithTrainedAlgorithmicMedia"))


def forget(folder: Path, names: str) -> None:
    """Delete sheets of the past; young ones may just be on their way to a page."""
    for path in folder.glob(names):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink()


def film_path(lab: Lab, run_id: str) -> Path:
    return lab.folder / "films" / f"{run_id}.png"


def keep_film(lab: Lab, saved: PictureSaved) -> None:
    """Write the film of the picture just saved, where one was asked for."""
    frames: Sequence[Image.Image] = saved.picture.film if saved.picture else ()
    if frames:
        path = film_path(lab, saved.record.manifest.run)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, composed(draw(grids.film_rows(frames), title="", missing="")))


def _pictures(records: Mapping[str, Record]) -> dict[str, Image.Image]:
    """The pictures that can be opened; one that was damaged on disk is left out."""
    pictures = {}
    for run_id, record in records.items():
        try:
            pictures[run_id] = open_picture(record.image_path.read_bytes())
        except (UserError, OSError):
            continue
    return pictures


def _photo(lab: Lab, source: Source | None) -> Image.Image | None:
    if source is None:
        return None
    try:
        photo = open_picture(lab.store().source_path(source).read_bytes())
    except (UserError, OSError):
        return None
    photo.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    return photo
