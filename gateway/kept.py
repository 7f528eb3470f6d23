"""Pictures that were drawn and not yet fetched, on disk: nothing finished is lost, whoever is killed.

Rule: a picture is kept under its student's key from before its receipt is issued until the lab has said that
it has it, or a day has passed. What is kept of a job is its last event as it travels (`lab.engine.wire`).
"""

import hashlib
import time
from contextlib import suppress
from pathlib import Path

from lab.engine.protocol import Done
from lab.engine.wire import as_event, as_line
from manifests.atomic import write_atomic
from manifests.errors import PictureError

DAY = 86400.0  # seconds


class Kept:
    """A folder of finished pictures. For any thread and process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder

    def put(self, student: str, key: str, done: Done) -> None:
        """Keep it; it is on disk when this returns."""
        write_atomic(self._file(student, key), as_line(done), mode=0o600)

    def get(self, student: str, key: str) -> Done | None:
        """What is kept under the key; None if nothing is, or if it cannot be read."""
        try:
            event = as_event(self._file(student, key).read_bytes())
        except (OSError, ValueError, PictureError):
            return None
        return event if isinstance(event, Done) else None

    def forget(self, student: str, key: str) -> None:
        """The lab has it."""
        self._file(student, key).unlink(missing_ok=True)

    def sweep(self, older_than: float = DAY) -> None:
        """Forget what nobody has fetched for so many seconds."""
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # fetched, or written anew, meanwhile
                if time.time() - file.stat().st_mtime > older_than:
                    file.unlink()

    def _file(self, student: str, key: str) -> Path:
        name = hashlib.sha256(f"{student}\0{key}".encode()).hexdigest()
        return self._folder / f"{name}.json"
