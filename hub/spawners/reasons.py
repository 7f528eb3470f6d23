"""Why a lab did not start, out of its own log: the last thing it said, as one line that is safe to show."""

import re
from collections.abc import Iterable
from pathlib import Path

LONGEST = 300  # characters
TAIL = 16_384  # bytes of a log that are read

_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)")
_OWN_NAME = "genai-lab: "


def reason(log: str, hide: Iterable[str] = ()) -> str:
    """The last line that says something; empty where there is none.

    Without colours and control characters, at most `LONGEST` characters, and with each of `hide`
    (the lab's token) covered. It is plain text: a page still has to escape it.
    """
    for secret in filter(None, hide):
        log = log.replace(secret, "…")
    for line in reversed(_ESCAPES.sub("", log).splitlines()):
        said = " ".join("".join(c if c.isprintable() else " " for c in line).split())
        if any(c.isalnum() for c in said):
            said = said.removeprefix(_OWN_NAME)
            return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"
    return ""


def reason_in_file(file: Path, hide: Iterable[str] = ()) -> str:
    """The same for a log file, of which only the end is read; empty where it cannot be read."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, 2) - TAIL))
            return reason(stream.read(TAIL).decode("utf-8", "replace"), hide)
    except OSError:
        return ""
