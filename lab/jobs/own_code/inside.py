"""Runs inside the process apart: bounds it first, then executes the student's text in its folder.

A program of its own (`python -I inside.py MEMORY SECONDS REPORT`), on the standard library alone: memory in
bytes, seconds of a processor, and the descriptor on which it says how the text ended.
"""

import contextlib
import ctypes
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

CODE = "code.py"
FILE_BYTES = 64 * 2**20
PR_SET_PDEATHSIG = 1
MAX_MESSAGE = 2000


def main() -> None:
    memory, seconds, report = (int(argument) for argument in sys.argv[1:4])
    bound(memory, seconds)
    sys.path.insert(0, str(Path.cwd()))
    error = execute(Path(CODE).read_text(encoding="utf-8"))
    with os.fdopen(report, "w", encoding="utf-8") as out:
        json.dump(error, out)
    sys.exit(0 if error is None else 1)


def bound(memory: int, seconds: int) -> None:
    """What the system itself holds the process to; it ends when the lab does."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # not every system knows all of them
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def execute(text: str) -> dict[str, Any] | None:
    """Run the text; what went wrong, with the line of the text at which it did, or None."""
    path = str(Path(CODE).absolute())
    try:
        exec(compile(text, path, "exec"), {"__name__": "__main__", "__file__": path})  # noqa: S102
    except SystemExit as stop:
        return None if stop.code in (None, 0) else told(stop, path)
    except BaseException as error:
        return told(error, path)
    return None


def told(error: BaseException, path: str) -> dict[str, Any]:
    """The error in three parts. The line is the last one of the student's text that led to it."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if isinstance(error, SyntaxError) and error.filename == path:
        lines.append(error.lineno)
    try:
        message = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except Exception:
        message = ""
    return {
        "type": type(error).__name__[:100],
        "message": message[:MAX_MESSAGE].encode("utf-8", "replace").decode("utf-8"),
        "line": lines[-1] if lines else None,
    }


if __name__ == "__main__":
    main()
