"""What lies in a folder of records: one rule, a file is parsed once for each state it is seen in.

A look reads the folder's list and asks the state of each JSON file, and opens only those that are new
or changed. What is on disk is the truth: nothing else is remembered from one look to the next, and
what is gone is forgotten.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

from manifests.work_folder import is_folder

T = TypeVar("T")
State = tuple[int, ...]

FOLDERS = 64  # of which the last look is remembered


@dataclass(frozen=True)
class Look(Generic[T]):
    """A folder at one moment: every entry's name, which are plain files, and what the JSON files say."""

    folder: Path
    names: frozenset[str]
    plain: frozenset[str]
    parsed: dict[str, T]  # by the file's name


class Listing(Generic[T]):
    """Looks at folders whose JSON files `read` turns into records, or None. For any number of threads."""

    def __init__(self, read: Callable[[Path], T | None]) -> None:
        self._read = read
        self._seen: LRUCache[Path, dict[str, tuple[State, T | None]]] = LRUCache(FOLDERS)
        self._lock = Lock()

    def look(self, folder: Path) -> Look[T]:
        """The folder as it is now; an empty look where it is none, or a link to one."""
        with self._lock:
            before = self._seen.get(folder, {})
        names, plain, now = [], [], {}
        for entry in _entries(folder):
            names.append(entry.name)
            if not entry.is_file(follow_symlinks=False):
                continue
            plain.append(entry.name)
            if not entry.name.endswith(".json"):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # moved while we were looking
                continue
            state = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            known = before.get(entry.name)
            now[entry.name] = (
                known if known and known[0] == state else (state, self._read(folder / entry.name))
            )
        with self._lock:
            self._seen[folder] = now
        parsed = {name: record for name, (_, record) in now.items() if record is not None}
        return Look(folder, frozenset(names), frozenset(plain), parsed)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    if not is_folder(folder):
        return []
    with os.scandir(folder) as scan:
        return list(scan)
