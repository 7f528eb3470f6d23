"""Freeze a submission: a zip with everything the grader reads, and a list of it with hashes.

The zip holds `submission.json` and, below `<assignment>/`, the outputs with their manifests, the
sources, what was made last of the pictures, what a model or a classifier was taught, the answers, the
notebook, and the manifests (not the pictures) of what is in the bin, which are links of the chain. It is
written beside the others in `hand-ins/` under a temporary name, synced and renamed, so that a zip that is
there is whole.
"""

import hashlib
import os
import re
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from crafts.pieces import FOLDER as CRAFTS
from crafts.pieces import replaced
from exercises.assignment import Assignment
from exercises.errors import CatalogueError
from exercises.i18n import Language
from grading.submission.files import FolderFiles, Unreadable, ZipFiles
from grading.submission.frozen import (
    FROZEN_FILE,
    HAND_INS,
    MAX_FROZEN_BYTES,
    Frozen,
    FrozenFile,
    hand_in_name,
    hand_in_time,
    parse_frozen,
    parse_hand_in_time,
)
from grading.submission.names import safe_name
from manifests.adapters import FOLDER as ADAPTERS
from manifests.answers import FILE as ANSWERS_FILE
from manifests.atomic import sync_folder
from manifests.classifiers import FOLDER as CLASSIFIERS
from manifests.notebook import FOLDER as NOTEBOOK
from manifests.sorting import FILE as SORTING
from manifests.store import Store
from manifests.wall import REMIXES

ABANDONED_SECONDS = 3600.0  # since anybody wrote to a hand-in under its temporary name
_TEMPORARY = re.compile(r"\.\d+-\d{12}\.tmp")


class HandInError(CatalogueError):
    """What stands in the way of handing in."""

    package = "grading"


def hand_in(assignment: Assignment, store: Store, language: Language) -> Path:
    """Write `<work>/<assignment>/hand-ins/<student>-<assignment>-<UTC time>.zip` and say where it is.

    Raises HandInError when there is nothing to hand in, Unreadable when there is too much, OSError.
    """
    files, names = _gather(assignment, store)
    frozen = _frozen(assignment, store, language)
    folder = store.folder / HAND_INS
    folder.mkdir(exist_ok=True)
    temporary = folder / f".{os.getpid()}-{frozen.time:%H%M%S%f}.tmp"
    try:
        with temporary.open("xb") as file:
            _write(file, files, names, frozen)
            file.flush()
            os.fsync(file.fileno())
            now = os.fstat(file.fileno()).st_mtime  # by the clock of whoever keeps the files
        path = _free_name(folder, store.student, assignment.id, frozen.time)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    _tidy(folder, now)
    sync_folder(folder)
    return path


def freeze(file: BinaryIO, assignment: Assignment, store: Store, language: Language) -> datetime:
    """Write the same zip into an open file; gives when the newest of what it holds was written.

    Raises as `hand_in` does.
    """
    files, names = _gather(assignment, store)
    changed = _changed(store, names)
    _write(file, files, names, _frozen(assignment, store, language))
    return changed


def last_change(assignment: Assignment, store: Store) -> datetime:
    """When the newest file of the work was written. Raises as `hand_in` does."""
    return _changed(store, _gather(assignment, store)[1])


def hand_in_that_counts(
    assignment: Assignment, store: Store, due: datetime | None
) -> tuple[Path, datetime] | None:
    """The newest hand-in before the deadline and its time; else the newest one; None if there is none.

    A hand-in that is damaged is passed over.
    """
    found = []
    for path in (store.folder / HAND_INS).glob("*.zip"):
        order = hand_in_time(path.name, assignment.id)
        time = parse_hand_in_time(order[0]) if order else None
        if order and time:
            found.append((due is None or time <= due, order, path, time))
    for _, _, path, time in sorted(found, reverse=True):
        if _is_whole(path, assignment):
            return path, time
    return None


def _tidy(folder: Path, now: float) -> None:
    """Remove what killed processes left under temporary names; one that may be at work keeps its own."""
    for path in folder.glob(".*.tmp"):
        with suppress(OSError):
            if _TEMPORARY.fullmatch(path.name) and path.lstat().st_mtime < now - ABANDONED_SECONDS:
                path.unlink()


def _changed(store: Store, names: list[str]) -> datetime:
    """When the newest of the files was written that are still there."""
    times = []
    for name in names:
        with suppress(FileNotFoundError):  # deleted since they were listed
            times.append((store.folder.parent / name).stat().st_mtime)
    if not times:
        raise HandInError("hand_in.nothing", assignment=store.folder.name)
    return datetime.fromtimestamp(max(times), UTC)


def _is_whole(path: Path, assignment: Assignment) -> bool:
    """Tell whether a file is a hand-in of this assignment that can be opened; a link is none."""
    if path.is_symlink() or not path.is_file():
        return False
    try:
        files = ZipFiles(path)
        try:
            frozen = parse_frozen(files.read(FROZEN_FILE, MAX_FROZEN_BYTES))
        finally:
            files.close()
    except Unreadable:
        return False
    return frozen is not None and frozen.assignment == assignment.id


def _gather(assignment: Assignment, store: Store) -> tuple[FolderFiles, list[str]]:
    """The work folder's files, and the names of those that are handed in."""
    store.records()  # finishes a move to the bin that was cut short
    files = FolderFiles(store.folder.parent, only=(assignment.id,)) if store.folder.is_dir() else None
    names = [n for n in files.sizes if _belongs(n.removeprefix(f"{assignment.id}/"))] if files else []
    place = f"{assignment.id}/{CRAFTS}/"
    older = {place + name for name in replaced(n.removeprefix(place) for n in names if n.startswith(place))}
    names = [name for name in names if name not in older]
    if not files or not names:
        raise HandInError("hand_in.nothing", assignment=assignment.id)
    return files, sorted(names)


def _frozen(assignment: Assignment, store: Store, language: Language) -> Frozen:
    return Frozen(
        student=store.student, assignment=assignment.id, language=language, time=datetime.now(UTC), files=()
    )


def _write(file: BinaryIO, files: FolderFiles, names: list[str], frozen: Frozen) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        listed = tuple(_add(archive, name, files.read(name)) for name in names)
        whole = frozen.model_copy(update={"files": listed})
        archive.writestr(FROZEN_FILE, whole.model_dump_json(by_alias=True, indent=1))


def _belongs(name: str) -> bool:
    folder, _, file = name.rpartition("/")
    if file.startswith("."):
        return False
    return (
        folder in ("outputs", "inputs", ADAPTERS, CLASSIFIERS, CRAFTS)
        or name in (ANSWERS_FILE, REMIXES, SORTING)
        or (folder in ("bin", NOTEBOOK) and name.endswith(".json"))
    )


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> FrozenFile:
    method = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
    archive.writestr(name, data, compress_type=method)
    return FrozenFile(file=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def _free_name(folder: Path, student: str, assignment: str, time: datetime) -> Path:
    """The first name that no earlier hand-in has."""
    names = (folder / hand_in_name(safe_name(student), assignment, time, number) for number in count(1))
    return next(path for path in names if not os.path.lexists(path))
