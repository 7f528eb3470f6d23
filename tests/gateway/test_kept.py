"""Finished pictures on disk: tidying them goes on whatever labs do meanwhile."""

from pathlib import Path

from gateway.kept import Kept


def test_a_picture_that_is_gone_meanwhile_ends_no_tidying(tmp_path: Path):
    kept = Kept(tmp_path / "finished")
    (tmp_path / "finished" / "gone.json").symlink_to(tmp_path / "nowhere")  # listed, and not there
    (tmp_path / "finished" / "old.json").write_text("{}")
    kept.sweep(older_than=-1)
    assert not (tmp_path / "finished" / "old.json").exists()
