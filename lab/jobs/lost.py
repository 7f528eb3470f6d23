"""What was being made when a lab was killed: a note on disk says so as long as a run is under way.

A note whose process is gone tells of a picture that is lost. Notes lie in the cache: one that cannot be
written, or was deleted, costs no picture, only that nothing is said.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from manifests.atomic import write_atomic

MAX_BYTES = 10_000
SAME_SECONDS = 2.0  # by which a clock set anew may move a process's beginning


@dataclass(frozen=True)
class Lost:
    """A run that never ended, and when it was begun, in seconds since the epoch."""

    exercise_id: str
    run_id: str
    begun: float


@contextmanager
def noted(folder: Path | None, job_id: str, exercise_id: str, run_id: str) -> Iterator[None]:
    """A note stands in the folder for as long as this lasts; none where `folder` is None."""
    if folder is None:
        yield
        return
    path = folder / f"{job_id}.json"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        note = {"exercise": exercise_id, "run": run_id, "pid": os.getpid(), "process": _began(os.getpid())}
        write_atomic(path, json.dumps(note).encode())
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def take_lost(folder: Path) -> list[Lost]:
    """What the notes of dead processes tell; each is told once."""
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            note = json.loads(path.read_bytes()[:MAX_BYTES])
            lost = Lost(str(note["exercise"])[:100], str(note["run"])[:100], path.stat().st_mtime)
            began, noted_then = _began(int(note["pid"])), float(note["process"])
            alive = began is not None and abs(began - noted_then) < SAME_SECONDS
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if not alive:
            found.append(lost)
            path.unlink(missing_ok=True)
    return found


def _began(pid: int) -> float | None:
    """When a process was started, which tells it from a later one of its number; None if there is none."""
    try:
        return psutil.Process(pid).create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None
