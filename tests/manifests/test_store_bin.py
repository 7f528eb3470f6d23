"""A deleted record is in the bin and can be restored; what was cut short is finished at the next reading."""

from pathlib import Path

import pytest

from manifests.chain import verify_chain
from manifests.errors import StoreError
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture, snapshot


def test_deleting_moves_to_the_bin_and_restoring_moves_back(store: Store):
    store.save(make_draft("one"), make_picture(1))
    store.save(make_draft("one"), make_picture(2))
    before = snapshot(store.outputs)

    store.delete("one-2")
    assert [r.stem for r in store.records()] == ["one"]
    assert [r.stem for r in store.binned()] == ["one-2"]
    assert store.newest("one") == store.find("one")
    assert verify_chain(store.chain()) == []
    assert store.save(make_draft("one"), make_picture(3)).stem == "one-3"  # the name stays taken

    store.restore("one-2")
    assert store.binned() == []
    assert before.items() <= snapshot(store.outputs).items()
    assert [r.stem for r in store.records()] == ["one", "one-2", "one-3"]
    assert verify_chain(store.chain()) == []


@pytest.mark.parametrize("action", ["delete", "restore"])
@pytest.mark.parametrize(
    "stem", ["absent", "", "..", "../../etc/passwd", "one.png", "one\n", "one/..", "x" * 5000]
)
def test_only_a_record_can_be_moved(store: Store, action: str, stem: str):
    store.save(make_draft("one"), make_picture())
    before = snapshot(store.folder)
    with pytest.raises(StoreError):
        getattr(store, action)(stem)
    assert snapshot(store.folder) == before


@pytest.mark.parametrize("obstacle", ["one.json", "one.png", "one.txt"])
def test_restoring_never_writes_over_anything(store: Store, obstacle: str):
    store.save(make_draft("one"), make_picture())
    store.delete("one")
    (store.outputs / obstacle).write_bytes(b"mine")
    before = snapshot(store.folder)
    with pytest.raises(StoreError):
        store.restore("one")
    assert snapshot(store.folder) == before


def test_a_deletion_that_was_cut_short_is_finished_at_the_next_reading(store: Store):
    record = store.save(make_draft("one"), make_picture())
    store.bin.mkdir()
    record.manifest_path.rename(store.bin / "one.json")  # and here the process was killed

    assert store.records() == []
    assert [r.stem for r in store.binned()] == ["one"]
    assert store.leftovers() == []


def test_a_restoration_that_was_cut_short_is_finished_at_the_next_reading(store: Store):
    store.save(make_draft("one"), make_picture())
    store.delete("one")
    (store.bin / "one.json").rename(store.outputs / "one.json")  # and here the process was killed

    assert [r.stem for r in store.records()] == ["one"]
    assert (store.binned(), store.leftovers()) == ([], [])


@pytest.mark.parametrize("there", ["bin", "outputs"])
def test_an_image_whose_own_manifest_stands_beside_it_is_not_taken_from_it(store: Store, there: str):
    """As after a copy by hand: the manifest is in both folders, the image is in one of them."""
    record = store.save(make_draft("one"), make_picture())
    manifest = record.manifest_path.read_bytes()
    if there == "bin":
        store.delete("one")
        record.manifest_path.write_bytes(manifest)
    else:
        store.bin.mkdir()
        (store.bin / "one.json").write_bytes(manifest)
    before = snapshot(store.folder)
    assert [r.stem for r in store.records()] == (["one"] if there == "outputs" else [])
    assert [r.stem for r in store.binned()] == (["one"] if there == "bin" else [])
    assert snapshot(store.folder) == before


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_only_has_a_lost_image_s_name_is_left_where_it_is(store: Store, tmp_path: Path, kind: str):
    record = store.save(make_draft("one"), make_picture())
    store.delete("one")
    (store.bin / "one.png").rename(tmp_path / "elsewhere.png")
    if kind == "link":
        record.image_path.symlink_to(tmp_path / "elsewhere.png")
    else:
        record.image_path.mkdir()
    assert (store.records(), store.binned()) == ([], [])
    assert record.image_path.is_symlink() or record.image_path.is_dir()
    assert [path.name for path in store.bin.iterdir()] == ["one.json"]
