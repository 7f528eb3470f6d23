"""A student's work on one assignment, on disk: every picture with its manifest, image first, then manifest.

What is on disk is the truth. Choosing the attempt, the sequence and the previous digest happens
under a lock between processes, and so do moves to and from the bin. A manifest's place says where
a record is: deleting moves the manifest first, and an image left behind by a kill follows it at
the next reading.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
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
from manifests.listing import Listing, Look
from manifests.manifest import Image, Manifest, Mask, Source
from manifests.masks import mask_bytes, open_mask
from manifests.missed import missed
from manifests.pictures import open_photo, open_picture, picture_extension, to_rgb
from manifests.png import pixels_sha256, png_bytes
from manifests.reader import read_manifest_file
from manifests.work_folder import is_regular, locked, make_folder, remove_temporaries

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
        open_photo(data)
        digest = sha256(data).hexdigest()
        source = Source(file=digest[:16] + picture_extension(data), sha256=digest)
        with locked(self.folder):
            make_folder(self.inputs)
            remove_temporaries(self.inputs)
            write_atomic(self.inputs / source.file, data)
        return source

    def add_mask(self, mask: PILImage.Image, padding: int | None = None) -> Mask:
        """Keep a mask, named by its content. Raises PictureError where it changes nothing, StoreError."""
        data = mask_bytes(mask)
        open_mask(data, *mask.size)
        digest = sha256(data).hexdigest()
        kept = Mask(file=digest[:16] + ".png", sha256=digest, padding=padding)
        with locked(self.folder):
            make_folder(self.inputs)
            remove_temporaries(self.inputs)
            write_atomic(self.inputs / kept.file, data)
        return kept

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
        manifests = [record.manifest for look in self._looks() for record in look.parsed.values()]
        mine = [m for m in manifests if (m.student, m.assignment) == (self.student, self.assignment)]
        return sorted(mine, key=lambda manifest: manifest.sequence)

    def missed(self) -> list[Record]:
        """Records in outputs whose picture is gone and was not made again, by sequence."""
        here, _ = self._settled()
        gone = missed(here.parsed.values(), lambda record: _has_picture(record, here))
        return sorted(gone, key=lambda record: record.manifest.sequence)

    def leftovers(self) -> list[Path]:
        """Entries of outputs and bin that belong to no record: what a kill or a strange hand left there."""
        return sorted(look.folder / name for look in self._settled() for name in _strange(look))

    # --- the rules behind

    def _looks(self) -> tuple[Look[Record], Look[Record]]:
        """Outputs and bin as they are."""
        return _LISTING.look(self.outputs), _LISTING.look(self.bin)

    def _settled(self) -> tuple[Look[Record], Look[Record]]:
        """Outputs and bin once every move that was begun is finished."""
        looks = self._looks()
        if not _stragglers(*looks):
            return looks
        with locked(self.folder):
            self._settle()
        return self._looks()

    def _records(self, folder: Path) -> list[Record]:
        look = next(look for look in self._settled() if look.folder == folder)
        records = [record for record in look.parsed.values() if _has_picture(record, look)]
        return sorted(records, key=lambda record: (record.manifest.sequence, record.stem))

    def _move(self, stem: str, source: Path, target: Path) -> None:
        with locked(self.folder):
            self._settle()
            record = _LISTING.look(source).parsed.get(f"{stem}.json") if _STEM.fullmatch(stem) else None
            if record is None:
                raise StoreError("store.no_record", stem=stem[:80])
            make_folder(target)
            if stem in _stems(_LISTING.look(target)):
                raise StoreError("store.taken", stem=stem, folder=target.name)
            record.manifest_path.rename(target / record.manifest_path.name)
            sync_folder(target)
            sync_folder(source)
            self._settle()

    def _settle(self) -> None:
        """Finish every move to or from the bin that was begun (see the module's rule)."""
        for image, destination in _stragglers(*self._looks()):
            image.rename(destination)
            sync_folder(destination.parent)
            sync_folder(image.parent)

    def _free_attempt(self, run: str) -> int:
        """The first number after the attempts recorded of which no file is left, complete or not."""
        looks = self._looks()
        taken = {stem for look in looks for stem in _stems(look)}
        manifests = (record.manifest for look in looks for record in look.parsed.values())
        attempts = (manifest.attempt for manifest in manifests if manifest.run == run)
        attempt = max(attempts, default=0) + 1
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


def _record(path: Path) -> Record | None:
    """The record of a manifest that can be read and whose file is named after its run, attempt and image."""
    try:
        manifest = read_manifest_file(path)
    except ManifestError:
        return None
    fits = path.stem == stem_of(manifest.run, manifest.attempt) == Path(manifest.image.file).stem
    return Record(manifest, path, path.with_name(manifest.image.file)) if fits else None


_LISTING = Listing(_record)


def _has_picture(record: Record, look: Look[Record]) -> bool:
    return record.manifest.image.file in look.plain


def _stragglers(*looks: Look[Record]) -> list[tuple[Path, Path]]:
    """Images whose manifest stands in the other folder: from where to where each belongs."""
    return [
        (there.folder / image, here.folder / image)
        for here, there in (looks, looks[::-1])
        for name, record in here.parsed.items()
        if (image := record.manifest.image.file) not in here.names
        and image in there.plain
        and name not in there.names
    ]


def _strange(look: Look[Record]) -> frozenset[str]:
    """The names of what is neither a manifest nor the image of one in the same folder."""
    images = {record.manifest.image.file for record in look.parsed.values()} & look.plain
    return look.names - images - look.parsed.keys()


def _stems(look: Look[Record]) -> set[str]:
    """What stands before the first dot in the names of a folder."""
    return {name.split(".")[0] for name in look.names}
