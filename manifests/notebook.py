"""A student's notebook on one assignment: answers of models and the student's words, in order, none changed.

Each entry is one JSON file, `<work>/<assignment>/analyses/0007.json`, named by its number and written
whole or not at all, under the lock of the work folder. Entries have a chain of their own, made as the
pictures' is. What is on disk is the truth.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from exercises.faults import faults
from exercises.i18n import preferred_language
from exercises.kinds.parts import Purpose
from exercises.parameters import is_assignment_id
from manifests.analysis import (
    ANALYSIS_SCHEMA,
    WORDS_SCHEMA,
    AltText,
    Analysis,
    Answered,
    Asked,
    Conclusion,
    Correction,
    Entry,
    Note,
)
from manifests.atomic import write_atomic
from manifests.chain import UNSEALED, digest
from manifests.errors import JsonError, ManifestError, StoreError
from manifests.listing import Listing
from manifests.manifest import Charge, Tried
from manifests.reader import read_regular_file
from manifests.strict_json import decoded, parse
from manifests.work_folder import locked, make_folder, remove_temporaries

E = TypeVar("E", Analysis, Note)

FOLDER = "analyses"
MAX_BYTES = 256 * 1024

_ENTRY: TypeAdapter[Analysis | Note] = TypeAdapter(Entry)


def read_entry(data: bytes) -> Analysis | Note:
    """Raises ManifestError: what is wrong with the JSON, or which field is not as expected."""
    try:
        document = parse(data, max_bytes=MAX_BYTES)
    except JsonError as error:
        raise ManifestError(error.key, **error.values) from error
    version = document.get("schema") if isinstance(document, dict) else None
    if version not in (ANALYSIS_SCHEMA, WORDS_SCHEMA):
        expected = f"{ANALYSIS_SCHEMA}, {WORDS_SCHEMA}"
        raise ManifestError("manifest.version", expected=expected, found=str(version)[:80])
    try:
        return _ENTRY.validate_json(decoded(data))
    except ValidationError as error:
        raise ManifestError("manifest.field", fault=faults(error, document)[0]) from error


class Notebook:
    """The entries of one student on one assignment. May be used from any thread and process."""

    def __init__(self, work: Path, assignment: str, student: str) -> None:
        """Nothing is created before something is written. Raises StoreError for an impossible name."""
        if not is_assignment_id(assignment):
            raise StoreError("store.assignment", name=assignment[:80])
        self.assignment, self.student = assignment, student
        self.folder = work / assignment
        self.analyses = self.folder / FOLDER

    def record(
        self,
        exercise: str,
        asked: Asked,
        answered: Answered,
        *,
        provider: str,
        model: str,
        tried: tuple[Tried, ...],
        cached: bool,
        seconds: float,
        cost: Charge,
    ) -> Analysis:
        """Write down what a model answered. Raises StoreError."""
        return self._add(
            Analysis,
            exercise=exercise,
            asked=asked,
            answered=answered,
            provider=provider,
            model=model,
            tried=tried,
            cached=cached,
            seconds=seconds,
            cost=cost,
        )

    def write(self, exercise: str, said: Correction | AltText | Conclusion) -> Note:
        """Write down the student's own words. Raises StoreError."""
        return self._add(Note, exercise=exercise, said=said)

    def entries(self) -> list[Analysis | Note]:
        """Every entry of this student that can be read, by its number."""
        mine = (self.student, self.assignment)
        found = _LISTING.look(self.analyses).parsed.values()
        return sorted((e for e in found if (e.student, e.assignment) == mine), key=lambda e: e.sequence)

    def find(self, number: int | None) -> Analysis | None:
        """The analysis of that number; None where there is none."""
        return next((e for e in self.entries() if isinstance(e, Analysis) and e.sequence == number), None)

    def _add(self, kind: type[E], **fields: Any) -> E:
        with locked(self.folder):
            make_folder(self.analyses)
            remove_temporaries(self.analyses)
            last = max(self.entries(), key=lambda entry: entry.sequence, default=None)
            names = (Path(name) for name in _LISTING.look(self.analyses).names)
            taken = [int(name.stem) for name in names if _is_numbered(name)]
            fields |= {
                "student": self.student,
                "assignment": self.assignment,
                "time": datetime.now(UTC),
                "sequence": max(taken, default=0) + 1,
                "previous": last.digest if last else None,
            }
            entry = _sealed(kind, fields)
            data = entry.model_dump_json(by_alias=True, indent=2).encode()
            if len(data) > MAX_BYTES:
                raise StoreError("store.entry_too_large", kib=MAX_BYTES // 1024)
            write_atomic(self.analyses / file_name(entry.sequence), data)
        return entry


def file_name(number: int) -> str:
    return f"{number:04d}.json"


def alt_texts(entries: list[Analysis | Note], sha256: str) -> list[AltText]:
    """The newest alternative text of a picture for each purpose, the newest first."""
    found: dict[Purpose, AltText] = {}
    for entry in reversed(entries):
        if isinstance(entry, Note) and isinstance(entry.said, AltText) and entry.said.image.sha256 == sha256:
            found.setdefault(entry.said.purpose, entry.said)
    return list(found.values())


def _sealed(kind: type[E], fields: dict[str, Any]) -> E:
    try:
        entry = kind(**fields, digest=UNSEALED)
    except ValidationError as error:
        fault = faults(error, fields)[0]
        detail = fault.text(preferred_language())
        raise StoreError("store.entry", field=fault.field, detail=detail) from error
    return entry.model_copy(update={"digest": digest(entry)})


def _is_numbered(name: Path) -> bool:
    return name.suffix == ".json" and name.stem.isascii() and name.stem.isdigit()


def _entry(path: Path) -> Analysis | Note | None:
    """The entry in a file; None where it cannot be read or is misnamed."""
    try:
        entry = read_entry(read_regular_file(path, MAX_BYTES))
    except (ManifestError, OSError):
        return None
    return entry if path.name == file_name(entry.sequence) else None


_LISTING: Listing[Analysis | Note] = Listing(_entry)
