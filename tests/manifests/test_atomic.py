"""A file is there whole or not at all, and what is there has been synced before it got its name."""

import os
import stat
from pathlib import Path

import pytest

from manifests.atomic import is_temporary, write_atomic


def test_a_file_is_written_and_replaced(tmp_path: Path):
    path = tmp_path / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_as_readable_as_any_other(tmp_path: Path):
    write_atomic(tmp_path / "file", b"one")
    (tmp_path / "other").write_bytes(b"one")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_secret_is_never_readable_by_others(tmp_path: Path):
    write_atomic(tmp_path / "file", b"one", mode=0o600)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str):
    path = tmp_path / "file"
    write_atomic(path, b"one")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_data_is_synced_before_the_rename_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    events: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def record_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        events.append("folder" if is_folder else f"file of {os.fstat(descriptor).st_size}")
        fsync(descriptor)

    def record_replace(self: Path, target: Path) -> Path:
        events.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "replace", record_replace)
    write_atomic(tmp_path / "file", b"data")
    assert events == ["file of 4", "rename", "folder"]


def test_a_temporary_file_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names: list[str] = []
    monkeypatch.setattr(Path, "replace", lambda self, target: names.append(self.name))
    write_atomic(tmp_path / "file", b"data")
    assert is_temporary(names[0])
    assert not is_temporary("smoke.png")
    assert not is_temporary(".genai-lab")
