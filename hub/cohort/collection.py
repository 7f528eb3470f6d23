"""The folder of a class's collected work, in the layout that `genai-lab grade` reads.

    OUT/STUDENT/STUDENT-ASSIGNMENT-TIME.zip   a snapshot, read-only; the newest one is graded
    OUT/collected.json                        for each snapshot: its time, deadline, and how late it is;
                                              for each folder: whose it is, and the student's groups
    OUT/SHA256SUMS                            for `sha256sum --check`

Every student has a folder, so that students without work are noticed when grading. Snapshots that are
stored are never changed. A zip is received under another name, recorded, and only then renamed. So
even if the process is killed, every zip in the folder is complete and recorded; a record without its
zip is dropped when the folder is opened again.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from grading.class_.collected import INDEX, SUMS, Collection, Missed, StoredSnapshot
from grading.class_.entries import COLLECTED, RESERVED
from grading.submission.frozen import hand_in_name
from grading.submission.names import safe_name
from hub.cohort.errors import CohortError
from manifests.atomic import sync_folder, write_atomic
from manifests.strict_json import decoded

_LOCK = ".collect.lock"


Result = StoredSnapshot | Missed


def student_folders(names: Sequence[str]) -> list[str]:
    """Return a different folder name for each student."""
    folders: list[str] = []
    for name in names:
        folders.append(safe_name(name, (*RESERVED, *COLLECTED, *folders)))
    return folders


@contextmanager
def open_collection(out: Path, assignment: str) -> Iterator[Collection]:
    """Lock the folder and read what it holds. Raises CohortError if it is locked or holds something else."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / _LOCK, timeout=0):
            yield _read(out / INDEX, assignment)
    except Timeout:
        raise CohortError("cohort.collect.busy", out=out) from None


def _read(file: Path, assignment: str) -> Collection:
    if not file.exists():
        return Collection(assignment=assignment)
    try:
        collection = Collection.model_validate_json(decoded(file.read_bytes()))
    except (UnicodeDecodeError, ValidationError):
        raise CohortError("cohort.collect.unreadable", file=file) from None
    if collection.assignment != assignment:
        raise CohortError("cohort.collect.other_assignment", file=file, assignment=collection.assignment)
    collection.snapshots = [each for each in collection.snapshots if (file.parent / each.file).exists()]
    return collection


def record(out: Path, collection: Collection, result: Result) -> None:
    """Add a result to the collection and write its files."""
    if isinstance(result, Missed):
        collection.missed.append(result)
    else:
        collection.snapshots.append(result)
    write_atomic(out / INDEX, collection.model_dump_json(by_alias=True, indent=1).encode())
    sums = "".join(f"{each.sha256}  {each.file}\n" for each in collection.snapshots)
    write_atomic(out / SUMS, sums.encode())


def unused_name(folder: Path, student: str, assignment: str, now: datetime) -> str:
    """Return a file name that no other snapshot has."""
    names = (hand_in_name(safe_name(student), assignment, now, number) for number in count(1))
    return next(name for name in names if not os.path.lexists(folder / name))


def store(received: Path, file: Path) -> None:
    """Give a received file its final name, and make it read-only."""
    received.chmod(0o444)
    received.rename(file)
    sync_folder(file.parent)
