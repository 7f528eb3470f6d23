"""The checks of a work folder, run again only once something in the folder has changed.

What is on disk is the truth: whether it is as it was is asked of the system each time (every entry's name,
identity, size and times), and an answer is kept for that very state alone. Any number of threads.
"""

import os
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from threading import Lock

from grading.results import CheckResult

State = frozenset[tuple[str, int, int, int, int]]


class KeptChecks:
    """The last answer for each kind of question, with the state of the folder it was given for."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[State, list[CheckResult]]] = {}
        self._lock = Lock()

    def of(self, folder: Path, question: Hashable, run: Callable[[], list[CheckResult]]) -> list[CheckResult]:
        """What `run` gives, or gave when the folder was last as it is now."""
        state = frozenset(_entries(folder))
        with self._lock:
            before, results = self._kept.get(question, (None, []))
        if before != state:
            results = run()
            with self._lock:
                self._kept[question] = state, results
        return list(results)


def _entries(folder: Path) -> Iterator[tuple[str, int, int, int, int]]:
    try:
        with os.scandir(folder) as scan:
            entries = list(scan)
    except OSError:  # not there yet, or gone while we were looking
        return
    for entry in entries:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        yield entry.path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))
