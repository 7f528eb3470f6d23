"""Write a file so that it is there whole or not at all, even if the process is killed or power fails."""

import os
import re
import secrets
from pathlib import Path

_TEMPORARY = re.compile(r"\.genai-[0-9a-f]{16}\.tmp")


def write_atomic(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replace `path` by `data`: a temporary file beside it, synced, renamed, the folder synced.

    `mode` is less the process's umask, as for any new file. Raises OSError; `path` is then as it was.
    """
    temporary = path.with_name(f".genai-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(temporary, flags, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last; systems whose folders cannot be opened sync them by themselves."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_temporary(name: str) -> bool:
    """Whether a file name is one of `write_atomic`'s, left behind by a killed process."""
    return _TEMPORARY.fullmatch(name) is not None
