"""Why a process did not start, taken from its log: the last meaningful line, made safe to show."""

import re
from collections.abc import Iterable
from pathlib import Path

MAX_LENGTH = 300  # characters of the line that is shown
TAIL_BYTES = 16_384  # only this much of a log file's end is read

_ESCAPE_SEQUENCES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")
_OWN_PREFIX = "genai-lab: "


def failure_from_log(log: str, hide: Iterable[str] = ()) -> str:
    """Return the last line of a log that contains a letter or digit, or "" if there is none.

    Colours and control characters are removed, at most `MAX_LENGTH` characters are kept, and every
    string in `hide` (the lab's token) is covered. The result is plain text: a page must escape it.
    """
    for secret in filter(None, hide):
        log = log.replace(secret, "…")
    for raw in reversed(_ESCAPE_SEQUENCES.sub("", log).splitlines()):
        line = " ".join("".join(c if c.isprintable() else " " for c in raw).split())
        if any(c.isalnum() for c in line):
            line = line.removeprefix(_OWN_PREFIX)
            return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"
    return ""


def failure_from_log_file(file: Path, hide: Iterable[str] = ()) -> str:
    """Do the same for the end of a log file; return "" if the file cannot be read."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - TAIL_BYTES))
            return failure_from_log(stream.read(TAIL_BYTES).decode("utf-8", "replace"), hide)
    except OSError:
        return ""
