"""Which pictures a student likes best: their stems, in `<work>/<assignment>/favourites.json`.

A favourite is kept beside the work and is no part of it: no manifest changes, no check reads it, it is not
handed in. A file that cannot be read counts as empty.
"""

import json
from pathlib import Path

from manifests.atomic import write_atomic
from manifests.errors import JsonError
from manifests.reader import read_regular_file
from manifests.strict_json import parse
from manifests.work_folder import locked

FILE = "favourites.json"
MAX_BYTES = 1024 * 1024
MOST = 10_000


def favourites(folder: Path) -> frozenset[str]:
    """The stems marked in an assignment's folder."""
    try:
        document = parse(read_regular_file(folder / FILE, MAX_BYTES), max_bytes=MAX_BYTES)
    except (OSError, JsonError):
        return frozenset()
    stems = document.get("favourites") if isinstance(document, dict) else None
    named = stems if isinstance(stems, list) else []
    return frozenset(stem for stem in named[:MOST] if isinstance(stem, str) and len(stem) <= 100)


def mark(folder: Path, stem: str, *, wanted: bool) -> None:
    """Mark a picture, or take the mark away. Raises OSError where the folder cannot be written."""
    with locked(folder):
        before = favourites(folder)
        after = before | {stem} if wanted else before - {stem}
        text = json.dumps({"favourites": sorted(after)}, indent=2)
        write_atomic(folder / FILE, text.encode())
