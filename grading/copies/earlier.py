"""A folder of earlier cohorts' fingerprints: hashes under a key of the folder, no pictures and no texts.

`key` is drawn once and stays in the folder; each cohort is a file `<cohort>.json`. Of the four words in a
row only each fourth is kept, so that no text can be put together again; who has the key can at best find
out whether a phrase that they guess was there. Of pictures there are the signs of cosines, and of records
their digests.
"""

import base64
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from exercises.errors import CatalogueError, SystemReason
from grading.copies.fingerprint import PHOTO, PICTURE, Fingerprint, Look
from grading.copies.looks import Hashes, cells_of, hashes, mirrors
from grading.copies.pairs import CERTAIN, Evidence, Given
from grading.copies.shared import CODE, TEXT, shared
from manifests.atomic import write_atomic
from manifests.reader import read_regular_file

KEY, KEY_BYTES = "key", 32
MAX_BYTES = 256 * 2**20
KEPT_OF = 4  # one word row of so many is kept
NEAR_BITS = 6  # of 63, for there is no close look
SCHEMA: Literal["genai-lab/fingerprints/1"] = "genai-lab/fingerprints/1"
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,59}")

Name = Annotated[str, StringConstraints(max_length=200)]
Number = Annotated[int, Field(ge=0, lt=2**64)]


class EarlierError(CatalogueError):
    """What is wrong with the folder, or with a file in it."""

    package = "grading"


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeptLook(_Kept):
    where: Name
    made: bool
    seed: int | None
    pixels: Annotated[str, StringConstraints(max_length=64)]
    bits: Annotated[str, StringConstraints(max_length=4000)]  # base64 of little-endian 64-bit numbers

    @field_validator("bits")
    @classmethod
    def _are_numbers(cls, bits: str) -> str:
        np.frombuffer(base64.b64decode(bits, validate=True), "<u8")
        return bits

    def hashes(self) -> Hashes:
        """The bits of the whole picture and of its crops. Raises ValueError."""
        return np.frombuffer(base64.b64decode(self.bits, validate=True), "<u8").astype(np.uint64)


class KeptStudent(_Kept):
    student: Name
    words: tuple[Number, ...]
    codes: tuple[Number, ...]
    records: tuple[Number, ...]
    looks: tuple[KeptLook, ...]


class KeptCohort(_Kept):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["genai-lab/fingerprints/1"] = Field(default=SCHEMA, alias="schema")
    assignment: Name
    students: tuple[KeptStudent, ...]


def key_of(folder: Path, *, make: bool) -> bytes:
    """The folder's key; drawn where there is none and `make` says so. Raises EarlierError."""
    path = folder / KEY
    try:
        if make and not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(path, secrets.token_bytes(KEY_BYTES))
            path.chmod(0o600)
        key = read_regular_file(path, KEY_BYTES)
    except OSError as error:
        raise EarlierError("earlier.no_key", folder=str(folder), reason=SystemReason(error)) from error
    if len(key) != KEY_BYTES:
        raise EarlierError("earlier.no_key", folder=str(folder), reason=KEY)
    return key


def check_label(label: str) -> str:
    """A cohort's name, which becomes a file's. Raises EarlierError."""
    if not _LABEL.fullmatch(label):
        raise EarlierError("earlier.label", label=label[:80])
    return label


def read_cohorts(folder: Path, assignment: str, without: str | None) -> dict[tuple[str, str], KeptStudent]:
    """Every student of every cohort but one, by cohort and name. Raises EarlierError."""
    found: dict[tuple[str, str], KeptStudent] = {}
    for path in sorted(folder.glob("*.json")):
        if path.stem == without:
            continue
        try:
            cohort = KeptCohort.model_validate_json(read_regular_file(path, MAX_BYTES))
        except (OSError, ValidationError) as error:
            raise EarlierError("earlier.bad_file", file=path.name) from error
        if cohort.assignment == assignment:
            found |= {(path.stem, each.student): each for each in cohort.students}
    return found


def write_cohort(
    folder: Path,
    label: str,
    assignment: str,
    fingerprints: Mapping[str, Fingerprint],
    names: Mapping[str, str],
    given: Given,
) -> Path:
    """Keep a class for later ones, in place of what was kept under that label."""
    students = tuple(
        KeptStudent(
            student=names[key][:200],
            words=_sampled(own, given),
            codes=own.codes,
            records=own.records,
            looks=tuple(_kept(look) for look in own.looks),
        )
        for key, own in fingerprints.items()
    )
    cohort = KeptCohort(assignment=assignment, students=students)
    path = folder / f"{check_label(label)}.json"
    write_atomic(path, cohort.model_dump_json(by_alias=True).encode())
    os.chmod(path, 0o600)  # noqa: PTH101 - names of students are in it
    return path


def earlier_evidence(
    fingerprints: Mapping[str, Fingerprint], kept: Mapping[tuple[str, str], KeptStudent], given: Given
) -> dict[tuple[str, tuple[str, str]], list[Evidence]]:
    """What students share with those of earlier cohorts: by the submission's folder and (cohort, name)."""
    found: dict[tuple[str, tuple[str, str]], list[Evidence]] = {}
    mine = {("", key): own for key, own in fingerprints.items()}
    for field, measure, scale in (("words", TEXT, KEPT_OF), ("codes", CODE, 1)):
        held = {k: [_sampled(f, given) if field == "words" else f.codes] for k, f in mine.items()}
        held |= {k: [getattr(s, field)] for k, s in kept.items()}
        for (one, other), how in shared(
            held, measure, given.texts, among=mine.keys(), scale=float(scale)
        ).items():
            own, theirs = (one, other) if one in mine else (other, one)
            evidence = Evidence(
                kind="earlier", score=round(how.score, 3), count=round(how.amount), how=(field,)
            )
            found.setdefault((own[1], theirs), []).append(evidence)
    digests: dict[int, list[tuple[str, str]]] = {}
    for who, student in kept.items():
        for each in student.records:
            digests.setdefault(each, []).append(who)
    for key, own_print in fingerprints.items():
        counts: dict[tuple[str, str], int] = {}
        for each in own_print.records:
            for who in digests.get(each, ()):
                counts[who] = counts.get(who, 0) + 1
        for who, count in counts.items():
            evidence = Evidence(kind="earlier", score=CERTAIN, count=count, how=("records",))
            found.setdefault((key, who), []).append(evidence)
    for place, evidence in _same_pictures(fingerprints, kept):
        found.setdefault(place, []).append(evidence)
    return found


def _same_pictures(
    fingerprints: Mapping[str, Fingerprint], kept: Mapping[tuple[str, str], KeptStudent]
) -> list[tuple[tuple[str, tuple[str, str]], Evidence]]:
    theirs: list[tuple[tuple[str, str], KeptLook, Hashes]] = []
    for who, student in kept.items():
        for each in student.looks:
            try:
                bits = each.hashes()
            except ValueError as error:
                raise EarlierError("earlier.bad_file", file=f"{who[0]}.json") from error
            if len(bits):
                theirs.append((who, each, bits))
    if not theirs:
        return []
    starts = np.cumsum([0, *(len(bits) for _, _, bits in theirs)])[:-1]
    everything = np.concatenate([bits for _, _, bits in theirs])
    found = []
    for key, own in fingerprints.items():
        for look in own.looks:
            cells = cells_of(look.cells)
            if cells is None:
                continue
            bits = hashes(cells, crops=look.kind == PHOTO)
            crop_of = _least(bits[:1], everything, starts)
            crop_in = _least(everything[starts], bits, None)
            for place in np.flatnonzero(np.minimum(crop_of, crop_in) <= NEAR_BITS):
                who, other, _ = theirs[place]
                both_made = look.kind == PICTURE and other.made
                if both_made and (look.pixels != other.pixels or look.seed == other.seed):
                    continue
                exact = look.pixels == other.pixels
                evidence = Evidence(
                    kind="earlier",
                    score=0.97 if exact else 0.75,
                    files=(look.where, other.where),
                    how=("exact",) if exact else ("near",),
                )
                found.append(((key, who), evidence))
    return found


def _least(asked: Hashes, among: Hashes, starts: NDArray[np.int64] | None) -> NDArray[np.uint8]:
    """The fewest bits apart, mirrored or not: for each group of `among`, or for each of `asked`."""
    apart = np.bitwise_count((asked[:, None] ^ mirrors()[None, :])[:, :, None] ^ among)
    if starts is None:
        of_each: NDArray[np.uint8] = apart.min(axis=(1, 2))
        return of_each
    fewest: NDArray[np.uint8] = np.minimum.reduceat(apart.min(axis=(0, 1)), starts)
    return fewest


def _sampled(own: Fingerprint, given: Given) -> tuple[int, ...]:
    return tuple(
        h
        for h in sorted({*own.texts, *own.observed, *own.later})
        if h % KEPT_OF == 0 and h not in given.texts
    )


def _kept(look: Look) -> KeptLook:
    cells = cells_of(look.cells)
    bits = b"" if cells is None else hashes(cells, crops=look.kind == PHOTO).astype("<u8").tobytes()
    return KeptLook(
        where=look.where[:200],
        made=look.kind == PICTURE,
        seed=look.seed,
        pixels=look.pixels,
        bits=base64.b64encode(bits).decode(),
    )
