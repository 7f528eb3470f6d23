"""Keys: from the environment, from a file that only its owner reads, or from such a `.env`.

`NAME` in the environment is the key; `NAME_FILE` names a file that holds it. A file that others can
read is refused, with the command that puts it right. A key leaves here as a `SecretStr`, is given to
the client's header alone, and never appears in a message.
"""

import os
import re
import stat
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

from exercises.errors import SystemReason
from lab.providers.errors import KeyFile

MAX_BYTES = 64 * 1024
_KEY = re.compile(r"[!-~]{1,4096}")  # what a header can carry: visible ASCII, no spaces


def find_key(
    name: str, environment: Mapping[str, str] = os.environ, place: Path | None = None
) -> SecretStr | None:
    """The key of that name, None where there is none.

    `place` is the folder where a `.env` may stand (default: the current one), or such a file. Raises
    KeyFile: the file cannot be read, others can read it, or what it holds is no key.
    """
    if key := environment.get(name, "").strip():
        return _checked(name, key, name)
    if path := environment.get(f"{name}_FILE", "").strip():
        return _checked(name, _private_text(name, Path(path)).strip(), path)
    env_file = _env_file(place)
    if env_file.is_file() and name in env_file.read_text(encoding="utf-8", errors="replace"):
        key = (dotenv_values(stream=StringIO(_private_text(name, env_file))).get(name) or "").strip()
        return _checked(name, key, str(env_file)) if key else None
    return None


def find_value(
    name: str, environment: Mapping[str, str] = os.environ, place: Path | None = None
) -> str | None:
    """A value that is no secret, from the environment or `.env`."""
    if value := environment.get(name, "").strip():
        return value
    env_file = _env_file(place)
    return ((dotenv_values(env_file).get(name) if env_file.is_file() else None) or "").strip() or None


def _env_file(place: Path | None) -> Path:
    place = place or Path()
    return place / ".env" if place.is_dir() else place


def _private_text(name: str, path: Path) -> str:
    """A small file's text, checked on the open file itself so that it cannot be swapped in between."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        reason = SystemReason(error)
        raise KeyFile(variant=".unreadable", name=name, path=path, reason=reason) from None
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_BYTES:
            raise KeyFile(variant=".no_file", name=name, path=path)
        if os.name == "posix" and (facts.st_mode & 0o077 or facts.st_uid not in (os.geteuid(), 0)):
            raise KeyFile(variant=".open", name=name, path=path)
        return os.read(descriptor, MAX_BYTES).decode("utf-8", errors="replace")
    finally:
        os.close(descriptor)


def _checked(name: str, key: str, where: str) -> SecretStr:
    if not _KEY.fullmatch(key):
        raise KeyFile(variant=".shape", name=name, path=where)
    return SecretStr(key)
