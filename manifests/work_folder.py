"""What every writer in a student's folder keeps to: one writer at a time, folders of its own, no links."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from exercises.errors import SystemReason
from manifests.atomic import is_temporary, sync_folder, write_atomic
from manifests.errors import StoreError

LOCK_SECONDS = 60


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The only writer of this folder, in any process. Raises StoreError, also for the system's errors."""
    lock = FileLock(folder / ".lock", timeout=LOCK_SECONDS)
    try:
        make_folder(folder)
        lock.acquire()
    except Timeout as error:
        raise StoreError("store.locked", folder=str(folder)) from error
    except OSError as error:
        raise StoreError("store.system", folder=str(folder), reason=SystemReason(error)) from error
    try:
        yield
    except OSError as error:
        raise StoreError("store.system", folder=str(folder), reason=SystemReason(error)) from error
    finally:
        lock.release()


def make_folder(folder: Path) -> None:
    """Create a folder of the work; one that is a link elsewhere is not used. Raises StoreError."""
    if is_folder(folder):
        return
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        if not is_folder(folder):  # else another process made it in this very moment
            raise StoreError("store.folder", folder=str(folder)) from error
    sync_folder(folder.parent)


def remove_temporaries(folder: Path) -> None:
    """Under the lock nobody else is writing here, so what is left of an earlier write is rubbish."""
    for path in folder.iterdir():
        if is_temporary(path.name):
            path.unlink(missing_ok=True)


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())


def refusal(folder: Path) -> OSError | None:
    """Why nothing can be written in a folder (or where it is still to come); None where all is well."""
    try:
        with tempfile.TemporaryFile(dir=nearest(folder)) as file:
            file.write(b"genai-lab")
            file.flush()
    except OSError as error:
        return error
    return None


def is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def save_with_card(folder: Path, name: str, file: str, data: bytes, card: str) -> Path:
    """Keep a file in a folder of an assignment, then its card (JSON) beside it. Raises StoreError, OSError.

    A file without a card was cut off, and counts for nothing.
    """
    with locked(folder):
        make_folder(folder / name)
        path = folder / name / file
        write_atomic(path, data)
        write_atomic(path.with_suffix(".json"), card.encode())
    return path
