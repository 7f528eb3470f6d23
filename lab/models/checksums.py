"""The weights' hashes, in the format of `sha256sum`: written with the weights, checked by the doctor."""

import hashlib
from pathlib import Path

SUMS = "SHA256SUMS"


def write_sums(folder: Path) -> None:
    """List every weight file of the folder, by its relative name."""
    files = sorted(folder.rglob("*.safetensors"))
    lines = [f"{_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def changed_files(folder: Path) -> list[str]:
    """The listed files that are not there or not as listed; none where there is no list."""
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    listed = [line.split("  ", 1) for line in lines if "  " in line]
    return [
        name for wanted, name in listed if not (folder / name).is_file() or _sha256(folder / name) != wanted
    ]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
