"""Read a manifest that comes from outside: bounded and strict, or a ManifestError."""

import os
import stat
from pathlib import Path

from pydantic import ValidationError

from exercises.errors import SystemReason
from exercises.faults import faults
from manifests.errors import JsonError, ManifestError
from manifests.manifest import SCHEMA, Manifest
from manifests.strict_json import decoded, parse

MAX_BYTES = 256 * 1024


def read_manifest(data: bytes) -> Manifest:
    """Raises ManifestError: what is wrong with the JSON, or which field is not as expected."""
    try:
        document = parse(data, max_bytes=MAX_BYTES)
    except JsonError as error:
        raise ManifestError(error.key, **error.values) from error
    version = document.get("schema") if isinstance(document, dict) else None
    if version != SCHEMA:
        raise ManifestError("manifest.version", expected=SCHEMA, found=str(version)[:80])
    try:
        return Manifest.model_validate_json(decoded(data))
    except ValidationError as error:
        raise ManifestError("manifest.field", fault=faults(error, document)[0]) from error


def read_manifest_file(path: Path) -> Manifest:
    """Raises ManifestError; a symbolic link or anything but a regular file is refused, not followed."""
    try:
        return read_manifest(read_regular_file(path, MAX_BYTES))
    except OSError as error:
        raise ManifestError("manifest.file", file=path.name, reason=SystemReason(error)) from error


def read_regular_file(path: Path, max_bytes: int) -> bytes:
    """At most `max_bytes` + 1 bytes of a regular file.

    Raises OSError for a link, a folder, a pipe or a device; opening a pipe does not block.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return file.read(max_bytes + 1)
