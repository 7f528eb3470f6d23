"""A student's work on one assignment, on disk: every picture with its manifest, image first, then manifest.

What is on disk is the truth. Choosing the attempt, the sequence and the previous digest happens
under a lock between processes, and so do moves to and from the bin. A manifest's place says where
a record is: deleting moves the manifest first, and an image left behind by a kill follows it at
the next reading.
"""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image as PILImage
from pydantic import ValidationError

from exercises.faults import faults
from exercises.i18n import preferred_language
from exercises.parameters import SLUG_PATTERN, is_assignment_id, is_slug
from manifests import chain
from manifests.atomic import sync_folder, write_atomic
from manifests.draft import Draft
from manifests.errors import ManifestError, StoreError
from manifests.manifest import Image, Manifest, Source
from manifests.pictures import open_picture, picture_extension, to_rgb
from manifests.png import pixels_sha256, png_bytes
from manifests.reader import read_manifest_file
from manifests.work_folder import is_folder, is_regular, locked, make_folder, remove_temporaries

_STEM = re.compile(rf"{SLUG_PATTERN}(-[1-9][0-9]{{0,5}})?")


@dataclass(frozen=True)
class Record:
    """A manifest and the image beside it."""

    manifest: Manifest
    manifest_path: Path
    image_path: Path

    @property
    def stem(self) -> str:
        return self.manifest_path.stem


class Store:
    """The folder `<work>/<assignment>` of one student. May be used from any thread and process."""

    def __init__(self, work: Path, assignment: str, student: str) -> None:
        """Nothing is created before something is saved. Raises StoreError for an impossible name."""
        if not is_assignment_id(assignment):
            raise StoreError("store.assignment", name=assignment[:80])
        if not 1 <= len(student) <= 200:
            raise StoreError("store.student")
        self.assignment = assignment
        self.student = student
        self.folder = work / assignment
        self.outputs = self.folder / "outputs"
        self.inputs = self.folder / "inputs"
        self.films = self.folder / "films"
        self.bin = self.folder / "bin"

    # --- writing

    def save(self, draft: Draft, image: PILImage.Image | bytes) -> Record:
        """Write the picture, then its manifest; a newer attempt never replaces an older one.

        `image`: a picture the lab made, or the bytes an API gave, which are kept as they came.
        Raises PictureError for bytes that are no picture, and StoreError.
        """
        if not is_slug(draft.run):
            raise StoreError("store.run", name=draft.run[:80])
        data = image if isinstance(image, bytes) else png_bytes(image, draft)
        picture = open_picture(data) if isinstance(image, bytes) else to_rgb(image)
        extension = picture_extension(data)
        facts: dict[str, Any] = {
            "bytes": len(data),
            "width": picture.width,
            "height": picture.height,
            "sha256": sha256(data).hexdigest(),
            "pixels_sha256": pixels_sha256(picture),
        }
        with locked(self.folder):
            make_folder(self.outputs)
            remove_temporaries(self.outputs)
            attempt = self._free_attempt(draft.run)
            stem = stem_of(draft.run, attempt)
            last = max(self.chain(), key=lambda manifest: manifest.sequence, default=None)
            manifest = _sealed(
                student=self.student,
                assignment=self.assignment,
                attempt=attempt,
                time=datetime.now(UTC),
                image=Image(file=stem + extension, **facts),
                sequence=last.sequence + 1 if last else 1,
                previous=last.digest if last else None,
                **vars(draft),
            )
            record = Record(manifest, self.outputs / f"{stem}.json", self.outputs / manifest.image.file)
            write_atomic(record.image_path, data)
            write_atomic(record.manifest_path, manifest.model_dump_json(by_alias=True, indent=2).encode())
        return record

    def delete(self, stem: str) -> None:
        """Move a record to the bin. Raises StoreError where there is no such record."""
        self._move(stem, self.outputs, self.bin)

    def restore(self, stem: str) -> None:
        """Move a record back from the bin; nothing is ever written over. Raises StoreError."""
        self._move(stem, self.bin, self.outputs)

    def add_source(self, data: bytes) -> Source:
        """Keep an uploaded picture as it came, named by its content. Raises PictureError, StoreError."""
        open_picture(data)
        digest = sha256(data).hexdigest()
        source = Source(file=digest[:16] + picture_extension(data), sha256=digest)
        with locked(self.folder):
            make_folder(self.inputs)
            remove_temporaries(self.inputs)
            write_atomic(self.inputs / source.file, data)
        return source

    # --- reading

    def records(self) -> list[Record]:
        """Every picture made, by sequence."""
        return self._records(self.outputs)

    def binned(self) -> list[Record]:
        """What was deleted and can be restored, by sequence."""
        return self._records(self.bin)

    def newest(self, run: str) -> Record | None:
        """The last attempt at a run."""
        attempts = (record for record in self.records() if record.manifest.run == run)
        return max(attempts, key=lambda record: record.manifest.attempt, default=None)

    def find(self, stem: str) -> Record | None:
        """The record of that stem, if it is among `records()`."""
        return next((record for record in self.records() if record.stem == stem), None)

    def source_path(self, source: Source) -> Path:
        """Where a source picture is kept. Raises StoreError where it is not there."""
        path = self.inputs / source.file
        if not is_regular(path):
            raise StoreError("store.source", file=source.file)
        return path

    def chain(self) -> list[Manifest]:
        """All of this student's manifests, the bin's among them, whether their images are there or not."""
        manifests = [m for folder in (self.outputs, self.bin) for m in _manifests(folder).values()]
        mine = [m for m in manifests if (m.student, m.assignment) == (self.student, self.assignment)]
        return sorted(mine, key=lambda manifest: manifest.sequence)

    def leftovers(self) -> list[Path]:
        """Files in outputs and bin that are no complete record: what a kill or a strange hand left there."""
        known = {path for r in self.records() + self.binned() for path in (r.manifest_path, r.image_path)}
        folders = [folder for folder in (self.outputs, self.bin) if is_folder(folder)]
        return sorted(path for folder in folders for path in folder.iterdir() if path not in known)

    # --- the rules behind

    def _records(self, folder: Path) -> list[Record]:
        if self._stragglers():
            with locked(self.folder):
                self._settle()
        records = [
            Record(manifest, path, folder / manifest.image.file)
            for path, manifest in _manifests(folder).items()
            if is_regular(folder / manifest.image.file)
        ]
        return sorted(records, key=lambda record: (record.manifest.sequence, record.stem))

    def _move(self, stem: str, source: Path, target: Path) -> None:
        with locked(self.folder):
            self._settle()
            path = source / f"{stem}.json"
            manifest = _manifests(source).get(path) if _STEM.fullmatch(stem) else None
            if manifest is None:
                raise StoreError("store.no_record", stem=stem[:80])
            make_folder(target)
            if stem in _stems(target):
                raise StoreError("store.taken", stem=stem, folder=target.name)
            path.rename(target / path.name)
            sync_folder(target)
            sync_folder(source)
            self._settle()

    def _stragglers(self) -> list[tuple[Path, Path]]:
        """Images whose manifest stands in the other folder: from where to where each belongs."""
        pairs = []
        for here, there in ((self.outputs, self.bin), (self.bin, self.outputs)):
            for path, manifest in _manifests(here).items():
                image = there / manifest.image.file
                alone = not os.path.lexists(there / path.name)
                if alone and not os.path.lexists(here / image.name) and is_regular(image):
                    pairs.append((image, here / image.name))
        return pairs

    def _settle(self) -> None:
        """Finish every move to or from the bin that was begun (see the module's rule)."""
        for image, destination in self._stragglers():
            image.rename(destination)
            sync_folder(destination.parent)
            sync_folder(image.parent)

    def _free_attempt(self, run: str) -> int:
        """The first number after the attempts recorded of which no file is left, complete or not."""
        manifests = [m for folder in (self.outputs, self.bin) for m in _manifests(folder).values()]
        taken = _stems(self.outputs) | _stems(self.bin)
        attempt = max((m.attempt for m in manifests if m.run == run), default=0) + 1
        while stem_of(run, attempt) in taken:
            attempt += 1
        return attempt


def stem_of(run: str, attempt: int) -> str:
    """`t2i_run02_steps15`, then `t2i_run02_steps15-2` and so on."""
    return run if attempt == 1 else f"{run}-{attempt}"


def _sealed(**fields: Any) -> Manifest:
    try:
        return chain.sealed(**fields)
    except ValidationError as error:
        fault = faults(error, fields)[0]
        detail = fault.text(preferred_language())
        raise StoreError("store.draft", field=fault.field, detail=detail) from error


def _manifests(folder: Path) -> dict[Path, Manifest]:
    """The readable manifests of a folder that are named after their run, attempt and image."""
    found: dict[Path, Manifest] = {}
    for path in folder.glob("*.json") if is_folder(folder) else ():
        try:
            state = path.lstat()
        except FileNotFoundError:  # moved while we were looking
            continue
        manifest = _manifest(path, (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
        if manifest is not None:
            found[path] = manifest
    return found


@lru_cache(maxsize=2000)
def _manifest(path: Path, state: tuple[int, ...]) -> Manifest | None:
    """A file is parsed once for each `state` it is seen in, for a folder is read often and changes seldom."""
    try:
        manifest = read_manifest_file(path)
    except ManifestError:
        return None
    fits = path.stem == stem_of(manifest.run, manifest.attempt) == Path(manifest.image.file).stem
    return manifest if fits else None


def _stems(folder: Path) -> set[str]:
    """What stands before the first dot in the names of a folder."""
    return {path.name.split(".")[0] for path in folder.iterdir()} if is_folder(folder) else set()
