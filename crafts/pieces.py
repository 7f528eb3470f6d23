"""What was made, on disk: files with a record beside them, in `<work>/<assignment>/crafts/`.

    crafts/pattern-1.pdf  pattern-1.png  pattern-1.json      the first piece of the exercise `pattern`
    crafts/pattern-2.pdf  ...                                the second: the newest is the one that counts

Rule: the files are written whole, then their record; one piece never replaces another. A record holds
settings, the hashes of the pictures and of the files, and the figures. Nothing in it is believed: the grade
works the figures out of the pictures again.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)

from crafts.application import Application, opened
from crafts.errors import CraftError
from exercises.faults import faults
from exercises.i18n import Language
from exercises.parameters import SLUG_PATTERN, AssignmentId, Slug
from manifests.atomic import write_atomic
from manifests.errors import JsonError
from manifests.manifest import Name, Sha256
from manifests.png import pixels_sha256
from manifests.reader import read_regular_file
from manifests.store import Record
from manifests.strict_json import parse
from manifests.work_folder import locked, make_folder, remove_temporaries

FOLDER = "crafts"
MAX_BYTES = 256 * 1024
MAX_FILE_BYTES = 32 * 2**20
SCHEMA: Literal["genai-lab/craft/1"] = "genai-lab/craft/1"
# How each sort of file begins.
SIGNATURES = {
    ".pdf": b"%PDF-",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".pptx": b"PK\x03\x04",
    ".zip": b"PK\x03\x04",
    ".svg": b"<?xml",
    ".xml": b"<?xml",
}

MOST_NUMBER = 999_999
_NAME = re.compile(rf"({SLUG_PATTERN})-([1-9][0-9]{{0,5}})\.[a-z]{{2,5}}")
_FileName = Annotated[str, StringConstraints(pattern=rf"^{SLUG_PATTERN}-[1-9][0-9]{{0,5}}\.[a-z]{{2,5}}$")]
_Stem = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourcePicture(_Part):
    """A picture of which something was made: its stem in `outputs/`, and the hash of its pixels."""

    stem: _Stem
    pixels_sha256: Sha256


class MadeFile(_Part):
    name: _FileName
    bytes: Annotated[int, Field(ge=1, le=MAX_FILE_BYTES)]
    sha256: Sha256


class Piece(_Part):
    """The record of one thing made."""

    format: Literal["genai-lab/craft/1"] = Field(default=SCHEMA, alias="schema")
    kind: Slug
    student: Name
    assignment: AssignmentId
    exercise: Slug
    number: Annotated[int, Field(ge=1, le=MOST_NUMBER)]
    time: AwareDatetime
    language: Language
    settings: dict[str, JsonValue]
    sources: tuple[SourcePicture, ...] = Field(max_length=100)
    figures: dict[str, JsonValue]
    files: tuple[MadeFile, ...] = Field(min_length=1, max_length=5)

    @property
    def stem(self) -> str:
        return f"{self.exercise}-{self.number}"


def make(
    application: Application,
    exercise: str,
    settings: Mapping[str, JsonValue],
    records: Iterable[Record],
    folder: Path,
    student: str,
    language: Language,
) -> Piece:
    """Make it of these records' pictures, and keep it in an assignment's folder.

    Raises CraftError, MissingExtra, PictureError, StoreError, OSError.
    """
    chosen = list(records)
    pictures = opened(record.image_path.read_bytes() for record in chosen)
    known = application.read_settings(settings)
    figures = application.work_out(known, pictures)
    files = application.files(known, pictures, figures, language)
    place = folder / FOLDER
    with locked(folder):
        make_folder(place)
        remove_temporaries(place)
        number = 1 + max(numbers(exercise, (path.name for path in place.iterdir())), default=0)
        if number > MOST_NUMBER:
            raise CraftError("too_many", exercise=exercise, folder=place)
        stem = f"{exercise}-{number}"
        for ending, data in files.items():
            write_atomic(place / f"{stem}{ending}", data)
        piece = Piece(
            kind=application.name,
            student=student,
            assignment=folder.name,
            exercise=exercise,
            number=number,
            time=datetime.now(UTC),
            language=language,
            settings=known.model_dump(mode="json"),
            sources=tuple(
                SourcePicture(stem=record.stem, pixels_sha256=pixels_sha256(picture))
                for record, picture in zip(chosen, pictures, strict=True)
            ),
            figures=figures,
            files=tuple(
                MadeFile(name=f"{stem}{ending}", bytes=len(data), sha256=sha256(data).hexdigest())
                for ending, data in files.items()
            ),
        )
        write_atomic(place / f"{stem}.json", piece.model_dump_json(by_alias=True, indent=1).encode())
    return piece


def numbers(exercise: str, names: Iterable[str]) -> list[int]:
    """The numbers under which something of an exercise is there, whole or in part."""
    found = (_NAME.fullmatch(name) for name in names)
    return [int(made[2]) for made in found if made and made[1] == exercise]


def newest_record(exercise: str, names: Iterable[str]) -> str | None:
    """The name of an exercise's newest record among these."""
    found = numbers(exercise, (name for name in names if name.endswith(".json")))
    return f"{exercise}-{max(found)}.json" if found else None


def exercises_of(names: Iterable[str]) -> list[str]:
    """The exercises of which something is there."""
    return sorted({made[1] for name in names if (made := _NAME.fullmatch(name))})


def replaced(names: Iterable[str]) -> set[str]:
    """Of the names in the folder those of pieces for which there is a newer record."""
    found = [(made[1], int(made[2]), name) for name in names if (made := _NAME.fullmatch(name))]
    counting: dict[str, int] = {}
    for exercise, number, name in found:
        if name.endswith(".json"):
            counting[exercise] = max(number, counting.get(exercise, 0))
    return {name for exercise, number, name in found if number < counting.get(exercise, 0)}


def newest(folder: Path, exercise: str) -> Piece | None:
    """The piece that counts in an assignment's folder; None where there is none, or it cannot be read."""
    place = folder / FOLDER
    if place.is_symlink() or not place.is_dir():
        return None
    name = newest_record(exercise, (path.name for path in place.iterdir()))
    try:
        return read_piece(read_regular_file(place / name, MAX_BYTES)) if name else None
    except (CraftError, OSError):
        return None


def read_piece(data: bytes) -> Piece:
    """Raises CraftError: what is wrong with the JSON, or which field is not as expected."""
    try:
        document = parse(data, max_bytes=MAX_BYTES)
    except JsonError as error:
        raise CraftError("unreadable", why=error) from error
    try:
        return Piece.model_validate(document)
    except ValidationError as error:
        raise CraftError("settings", fault=faults(error, document)[0]) from error
