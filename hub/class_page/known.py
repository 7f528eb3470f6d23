"""What was last seen of each student's work, kept so that labs that are off have a last known state.

`<folder>/<assignment>/<id>.json`, and beside it up to six small pictures in a folder of that id. Every file
is written whole; what cannot be read is as if it was never seen.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from exercises.parameters import is_assignment_id
from hub.cohort.told import Moment, NewPicture, Progress
from manifests.atomic import write_atomic
from manifests.errors import JsonError
from manifests.strict_json import parse

MAX_BYTES = 2**17
REWRITE = timedelta(minutes=5)  # how old the time on disk may become while nothing changes


class Seen(BaseModel):
    """What a lab last said of its student's work, when, and when it last showed something gained."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    user: str
    assignment: str
    time: Moment
    gained: Moment
    progress: Progress


class Known:
    """All that was seen, in memory and on disk. Its methods may block for a moment: for a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[tuple[str, str], Seen] = {}
        self._written: dict[tuple[str, str], Seen] = {}
        for seen in _stored(folder):
            self._seen[seen.assignment, seen.user] = self._written[seen.assignment, seen.user] = seen

    def get(self, assignment: str, user: str) -> Seen | None:
        return self._seen.get((assignment, user))

    def put(self, seen: Seen) -> None:
        """Remember it, and write it where it says something new. Raises OSError."""
        key = seen.assignment, seen.user
        self._seen[key] = seen
        before = self._written.get(key)
        if before and before.progress == seen.progress and seen.time - before.time < REWRITE:
            return
        file = self._file(*key)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(file, seen.model_dump_json().encode(), mode=0o600)
        self._written[key] = seen

    def picture(self, assignment: str, user: str, picture: NewPicture) -> bytes | None:
        try:
            return self._picture_file(assignment, user, picture).read_bytes()
        except OSError:
            return None

    def missing_pictures(self, seen: Seen) -> list[NewPicture]:
        """Those of the newest of which no small picture is kept; what is no longer among them is deleted."""
        files = {self._picture_file(seen.assignment, seen.user, each): each for each in seen.progress.newest}
        folder = self._file(seen.assignment, seen.user).with_suffix("")
        kept = set(folder.iterdir()) if folder.is_dir() else set()
        for file in kept - files.keys():
            file.unlink(missing_ok=True)
        return [each for file, each in files.items() if file not in kept]

    def keep_picture(self, assignment: str, user: str, picture: NewPicture, data: bytes) -> None:
        """Raises OSError."""
        file = self._picture_file(assignment, user, picture)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(file, data, mode=0o600)

    def users(self) -> set[str]:
        return {user for _, user in self._seen}

    def forget(self, user: str) -> bool:
        """Delete all that was kept of a person; return whether there was anything. Raises OSError."""
        found = user in self.users()
        for assignment, name in list(self._seen):
            if name == user:
                del self._seen[assignment, name]
                self._written.pop((assignment, name), None)
                self._file(assignment, name).unlink(missing_ok=True)
                shutil.rmtree(self._file(assignment, name).with_suffix(""), ignore_errors=True)
        return found

    def _file(self, assignment: str, user: str) -> Path:
        return self._folder / assignment / f"{_short_hash(user)}.json"

    def _picture_file(self, assignment: str, user: str, picture: NewPicture) -> Path:
        name = _short_hash(f"{picture.stem}|{picture.time.isoformat()}")
        return self._file(assignment, user).with_suffix("") / f"{name}.jpg"


def gained(before: Seen | None, progress: Progress, began: datetime, now: datetime) -> datetime:
    """When the work last showed something gained: a point, a check, a written text; else since `began`."""
    if before is None:
        changed = progress.changed if progress.changed and progress.changed <= now else began
        return max(began, changed)
    old = before.progress
    more = (
        progress.points + _open(progress) > old.points + _open(old)
        or _passed(progress) > _passed(old)
        or (_wrote(old, progress) and progress.pictures == old.pictures)
    )
    return now if more else max(before.gained, began)


def _open(progress: Progress) -> float:
    return sum(exercise.open for exercise in progress.exercises)


def _passed(progress: Progress) -> int:
    return sum(exercise.passed for exercise in progress.exercises)


def _wrote(old: Progress, new: Progress) -> bool:
    """Whether something was saved meanwhile."""
    return new.changed is not None and (old.changed is None or new.changed > old.changed)


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _stored(folder: Path) -> Iterator[Seen]:
    for file in folder.glob("*/*.json"):
        if not is_assignment_id(file.parent.name):
            continue
        with suppress(OSError, JsonError, ValidationError), file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
            seen = Seen.model_validate(parse(data, max_bytes=MAX_BYTES))
            if (seen.assignment, f"{_short_hash(seen.user)}.json") == (file.parent.name, file.name):
                yield seen
