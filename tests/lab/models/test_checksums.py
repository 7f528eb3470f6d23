"""The list of the weights' hashes finds every file that changed, and no other."""

from pathlib import Path

from lab.models.checksums import SUMS, changed_files, write_sums


def test_what_was_listed_is_unchanged_until_a_byte_is_changed_or_a_file_is_gone(tmp_path: Path) -> None:
    for name in ("unet/model.safetensors", "vae/model.safetensors"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "README.md").write_text("may change")
    write_sums(tmp_path)
    assert changed_files(tmp_path) == []
    (tmp_path / "README.md").write_text("changed")
    (tmp_path / "vae" / "model.safetensors").write_bytes(b"vae/model.safetensorS")
    assert changed_files(tmp_path) == ["vae/model.safetensors"]
    (tmp_path / "unet" / "model.safetensors").unlink()
    assert changed_files(tmp_path) == ["unet/model.safetensors", "vae/model.safetensors"]


def test_without_a_list_nothing_can_be_said(tmp_path: Path) -> None:
    assert changed_files(tmp_path) == []
    (tmp_path / SUMS).write_text("\n")
    assert changed_files(tmp_path) == []
