"""The pictures of the bundled server: folders `input`, `output` and `temp`, and no way out of them.

Rule: a name from outside is taken apart, each part must be a plain name, and the file it leads to must lie in
its folder once links are followed; else there is no such file. Each folder keeps its newest MOST files.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from manifests.errors import PictureError
from manifests.pictures import MAX_BYTES, open_picture
from manifests.reader import read_regular_file

KINDS = ("input", "output", "temp")
MOST = 1000  # files of each folder
DEEPEST = 3  # folders below it
LONGEST = 200  # bytes of a name, of the 255 that file systems take
_PART = re.compile(r"[\w(][\w .()+,@=-]{0,99}")
_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
_ANNOTATED = re.compile(r"(.*) \[(input|output|temp)\]", re.DOTALL)
_COUNTED = re.compile(r"_([0-9]{5,9})_\.png")


class BadName(ValueError):
    """The name is not one that a file of these folders can have."""


class Files:
    """The three folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        for kind in KINDS:
            (self._root / kind).mkdir(parents=True, exist_ok=True)

    def pictures(self) -> list[str]:
        """The names of what LoadImage can load, sorted."""
        folder = self._root / "input"
        return sorted(file.relative_to(folder).as_posix() for file in _files(folder))

    def read(self, name: str, subfolder: str = "", kind: str = "output") -> bytes:
        """The bytes of a picture. Raises BadName, OSError."""
        return read_regular_file(self._place(name, subfolder, kind), MAX_BYTES)

    def load(self, name: str) -> bytes:
        """The bytes of what LoadImage names: in `input`, or in another folder (`name.png [output]`).

        Raises BadName, OSError.
        """
        annotated = _ANNOTATED.fullmatch(name)
        name, kind = (annotated[1], annotated[2]) if annotated else (name, "input")
        subfolder, _, last = name.rpartition("/")
        return self.read(last, subfolder, kind)

    def upload(self, data: bytes, name: str, subfolder: str, kind: str, overwrite: bool) -> str:
        """Keep a picture and say under which name: another one where a different file has it already.

        Raises BadName, PictureError, OSError.
        """
        if kind not in ("input", "temp"):
            raise BadName(kind)
        open_picture(data)
        try:
            return self._uploaded(data, name, subfolder, kind, overwrite)
        except (FileExistsError, IsADirectoryError, NotADirectoryError):  # a folder where a file is, or so
            raise BadName(name) from None

    def _uploaded(self, data: bytes, name: str, subfolder: str, kind: str, overwrite: bool) -> str:
        place = self._place(name, subfolder, kind)
        number = 1
        while not overwrite and place.exists():
            if sha256(read_regular_file(place, MAX_BYTES)).digest() == sha256(data).digest():
                return place.name
            stem, dot, ending = name.rpartition(".")
            place = self._place(f"{stem} ({number}){dot}{ending}", subfolder, kind)
            number += 1
        self._write(place, data, kind)
        return place.name

    def save(self, data: bytes, prefix: str, kind: str) -> dict[str, str]:
        """Keep a picture under the prefix with the next number, as ComfyUI names its files.

        Raises BadName, OSError.
        """
        subfolder, _, stem = prefix.replace("\\", "/").rpartition("/")
        beside = self._place(f"{stem}_00000_.png", subfolder, kind).parent
        used = [
            int(found[1])
            for file in (beside.iterdir() if beside.is_dir() else ())
            if file.name.startswith(f"{stem}_") and (found := _COUNTED.fullmatch(file.name[len(stem) :]))
        ]
        name = f"{stem}_{max(used, default=0) + 1:05}_.png"
        self._write(beside / name, data, kind)
        return {"filename": name, "subfolder": subfolder, "type": kind}

    def check_prefix(self, prefix: str) -> None:
        """Raise BadName for a prefix under which nothing can be saved."""
        subfolder, _, stem = prefix.replace("\\", "/").rpartition("/")
        self._place(f"{stem}_00000_.png", subfolder, "output")

    def _place(self, name: str, subfolder: str, kind: str) -> Path:
        parts = [part for part in subfolder.replace("\\", "/").split("/") if part]
        if kind not in KINDS or len(parts) > DEEPEST:
            raise BadName(subfolder)
        if not all(_PART.fullmatch(part) and len(part.encode()) <= LONGEST for part in (*parts, name)):
            raise BadName(name)
        if not name.lower().endswith(_ENDINGS):
            raise BadName(name)
        folder = self._root / kind
        place = folder.joinpath(*parts, name)
        if not place.resolve().is_relative_to(folder):
            raise BadName(name)
        return place

    def _write(self, place: Path, data: bytes, kind: str) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part")
        part.write_bytes(data)
        part.replace(place)
        there = sorted(_files(self._root / kind), key=lambda file: file.stat().st_mtime_ns)
        for file in there[: -MOST or None] if len(there) > MOST else ():
            file.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    """The pictures of a folder and those below it."""
    for file in folder.rglob("*"):
        if file.suffix.lower() in _ENDINGS and file.is_file() and not file.is_symlink():
            yield file


__all__ = ["KINDS", "BadName", "Files", "PictureError"]
