"""File names made from names that strangers chose: a folder of a student, a zip for handing in."""

import hashlib
import re
import unicodedata
from collections.abc import Collection

_SAFE = re.compile(r"\w[\w.@+ -]{0,79}")
_UNSAFE = re.compile(r"[^\w.@+-]+")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # no folder can be called so on Windows
_SYSTEM = (
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "$recycle.bin", "@eadir",
    "system volume information",
)  # fmt: skip


def safe_name(name: str, taken: Collection[str] = ()) -> str:
    """A file name without surprises: `name` itself where it is one, else its safe part and a hash of it.

    `taken` (compared without case) are names it must not be.
    """
    plain = unicodedata.normalize("NFC", name)
    fits = _SAFE.fullmatch(plain) and plain[-1] not in ". " and not _DEVICES.fullmatch(plain)
    used = {each.casefold() for each in taken}
    if fits and plain.casefold() not in used:
        return plain
    part = _UNSAFE.sub("_", plain)[:40].strip("._ -+@") or "student"
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    length = next(n for n in range(8, 65) if f"{part}-{digest[:n]}".casefold() not in used)
    return f"{part}-{digest[:length]}"


def is_of_a_system(name: str) -> bool:
    """Tell whether an operating system or an archiver put a file or folder of this name there by itself."""
    return name.startswith(".") or name.casefold() in _SYSTEM
