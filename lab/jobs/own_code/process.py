"""One process that runs a student's text: without the lab's secrets, bounded, stoppable.

Rule: it gets a folder of its own, the variables of an allow-list, and no more time, memory and output than
its bounds say; whatever it started ends with it. It runs as the lab's user, in the student's own lab only.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import psutil
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lab.jobs.own_code import inside

# What Python, torch and a GPU need; no name of a key or a token, and no setting of the lab's.
ALLOWED = (
    "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT",
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES",
)  # fmt: skip
LOOK_EVERY = 0.1  # seconds
REPORT_BYTES = 20_000
PR_SET_DUMPABLE = 4
Ended = Literal["done", "failed", "stopped", "time", "output", "killed"]


@dataclass(frozen=True)
class Bounds:
    """`output` is in characters kept; ten times as many end the process."""

    seconds: int
    memory: int
    output: int = 20_000


class CodeError(BaseModel):
    """What went wrong, and at which line of the text. Written by a process that nobody trusts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Annotated[str, StringConstraints(max_length=100)] = ""
    message: Annotated[str, StringConstraints(max_length=inside.MAX_MESSAGE)] = ""
    line: Annotated[int, Field(ge=1, le=100_000)] | None = None


@dataclass(frozen=True)
class Outcome:
    """How it ended, what it printed, what went wrong, and how many seconds it took."""

    ended: Ended
    output: str
    error: CodeError | None
    seconds: float


def run_text(
    folder: Path, bounds: Bounds, stopped: threading.Event, tick: Callable[[float], None] = lambda _: None
) -> Outcome:
    """Run `code.py` of the folder. `tick` is told the seconds now and then."""
    hide_this_process()
    read_end, write_end = os.pipe()
    began = time.monotonic()
    arguments = [str(bounds.memory), str(bounds.seconds * (os.cpu_count() or 1)), str(write_end)]
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-u", str(Path(inside.__file__)), *arguments],
            cwd=folder,
            env=environment(folder, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(write_end,),
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    printed, report = _Reader(process.stdout, bounds.output), _Reader(os.fdopen(read_end, "rb"), REPORT_BYTES)
    try:
        ended = _watch(process, bounds, printed, stopped, lambda: tick(time.monotonic() - began))
    finally:
        _end(process)
    error = _error(report.text())
    if ended == "done" and process.returncode != 0:
        ended = "failed" if error else "killed"
    return Outcome(ended, printed.text(), error, time.monotonic() - began)


def environment(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """The variables of the process: those of the allow-list, and its own folder for whatever it keeps."""
    given = {name: own[name] for name in ALLOWED if name in own}
    return given | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONUTF8": "1",
        "HF_HUB_OFFLINE": "1",
        "DIFFUSERS_VERBOSITY": "error",
        "TRANSFORMERS_VERBOSITY": "error",
        "CUBLAS_WORKSPACE_CONFIG": ":16:8",
    }


def hide_this_process() -> None:
    """No process of the same user, such as the one that is started now, can read this one's environment."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


class _Reader:
    """Reads a stream to its end in a thread, and keeps its beginning."""

    def __init__(self, stream: object, keep: int) -> None:
        self._stream, self._keep = stream, keep
        self._kept = bytearray()
        self.total = 0
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """What was kept; a process that outlived the others may hold the stream open."""
        self._thread.join(timeout=2)
        return bytes(self._kept).decode("utf-8", "replace").replace("\x00", "\ufffd")

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream as stream:  # type: ignore[attr-defined]
            while chunk := stream.read1(8192) if hasattr(stream, "read1") else stream.read(8192):
                self.total += len(chunk)
                self._kept += chunk[: max(0, self._keep - len(self._kept))]


def _watch(
    process: "subprocess.Popen[bytes]",
    bounds: Bounds,
    printed: _Reader,
    stopped: threading.Event,
    tick: Callable[[], None],
) -> Ended:
    until = time.monotonic() + bounds.seconds
    while process.poll() is None:
        if stopped.wait(LOOK_EVERY):
            return "stopped"
        if time.monotonic() > until:
            return "time"
        if printed.total > 10 * bounds.output:
            return "output"
        tick()
    return "done"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _error(report: str) -> CodeError | None:
    try:
        return CodeError.model_validate_json(report) if report not in ("", "null") else None
    except ValidationError:
        return None
