"""The hub's secrets, each in a file of the state folder that only its owner can read."""

import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from exercises.errors import SystemReason
from hub.errors import HubError
from manifests.atomic import write_atomic

COHORT_TOKEN_FILE = "cohort-token"  # noqa: S105  (the name of a file)


def new_token() -> str:
    """Return 256 random bits as text that is safe in a URL and in a header."""
    return secrets.token_urlsafe(32)


def secret_file(file: Path, make: Callable[[], str] = new_token) -> str:
    """Return the file's content, and write the result of `make` if there is no file yet. Raises OSError."""
    if not file.exists():
        write_atomic(file, f"{make()}\n".encode(), mode=0o600)
    return file.read_text(encoding="utf-8").strip()


def read_secret(file: Path) -> str:
    """Read a secret that a person stored. Raises HubError if it is unreadable, or readable by others."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            raise HubError("error.open_secret", file=file, mode=f"{mode:o}")
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise HubError("error.no_secret", file=file, reason=SystemReason(error)) from error
