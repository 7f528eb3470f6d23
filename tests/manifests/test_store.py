"""Every picture is kept with its manifest, attempts stay, and a strange file in the folder does no harm."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from manifests.chain import sealed, verify_chain
from manifests.errors import PictureError, StoreError
from manifests.pictures import open_picture
from manifests.png import pixels_sha256
from manifests.reader import read_manifest_file
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture, snapshot


def test_a_picture_is_saved_with_its_manifest(store: Store, work: Path):
    record = store.save(make_draft("smoke"), make_picture())

    assert record.image_path == work / "tp2" / "outputs" / "smoke.png"
    assert record.manifest_path == work / "tp2" / "outputs" / "smoke.json"
    manifest = read_manifest_file(record.manifest_path)
    assert manifest == record.manifest
    assert (manifest.student, manifest.assignment, manifest.exercise, manifest.run) == (
        "ada",
        "tp2",
        "exercise",
        "smoke",
    )
    data = record.image_path.read_bytes()
    assert manifest.image.sha256 == hashlib.sha256(data).hexdigest()
    assert manifest.image.bytes == len(data)
    assert (manifest.image.width, manifest.image.height) == (16, 16)
    assert manifest.image.pixels_sha256 == pixels_sha256(open_picture(data)) == pixels_sha256(make_picture())
    assert store.records() == [record]
    assert store.leftovers() == []


def test_a_newer_attempt_counts_and_leaves_the_older_one(store: Store):
    first = store.save(make_draft("smoke"), make_picture(1))
    before = snapshot(store.outputs)
    second = store.save(make_draft("smoke"), make_picture(2))
    store.save(make_draft("smoke_test"), make_picture(3))  # another run whose name begins alike

    assert second.stem == "smoke-2"
    assert [r.manifest.attempt for r in store.records()] == [1, 2, 1]
    assert store.newest("smoke") == second
    assert store.newest("absent") is None
    assert store.find("smoke") == first
    assert store.find("../smoke") is None
    assert before.items() <= snapshot(store.outputs).items()


def test_the_chain_runs_through_all_runs(store: Store):
    records = [store.save(make_draft(run), make_picture()) for run in ("one", "two", "one")]
    manifests = [r.manifest for r in records]
    assert [m.sequence for m in manifests] == [1, 2, 3]
    assert [m.previous for m in manifests] == [None, manifests[0].digest, manifests[1].digest]
    assert verify_chain(store.chain()) == []


def test_each_student_has_a_chain_of_their_own(store: Store, work: Path):
    store.save(make_draft("one"), make_picture())
    other = Store(work, "tp2", "grace").save(make_draft("one"), make_picture())
    mine = store.save(make_draft("two"), make_picture())
    assert (other.manifest.sequence, other.stem) == (1, "one-2")
    assert mine.manifest.sequence == 2
    assert [m.student for m in store.chain()] == ["ada", "ada"]


def test_an_apis_bytes_are_kept_as_they_came(store: Store, tmp_path: Path):
    for extension in ("jpg", "webp", "png"):
        path = tmp_path / f"api.{extension}"
        make_picture().save(path)
        record = store.save(make_draft("api"), path.read_bytes())
        assert record.image_path.suffix == f".{extension}"
        assert record.image_path.read_bytes() == path.read_bytes()
        assert record.manifest.image.pixels_sha256 == pixels_sha256(open_picture(path.read_bytes()))
    assert len(store.records()) == 3


def test_bytes_that_are_no_picture_leave_nothing(store: Store):
    with pytest.raises(PictureError):
        store.save(make_draft(), b"<html>quota exceeded</html>")
    assert not store.folder.exists()


def test_a_draft_that_cannot_be_recorded_leaves_nothing(store: Store):
    with pytest.raises(StoreError, match="escape"):
        store.save(make_draft("../../escape"), make_picture())
    with pytest.raises(StoreError) as caught:
        store.save(replace(make_draft(), exercise="No Id"), make_picture())
    assert "exercise" in caught.value.in_language("fr")
    assert list(store.outputs.iterdir()) == []
    assert [path.name for path in store.folder.parent.rglob("*.*")] == [".lock"]


@pytest.mark.parametrize("assignment", ["", "..", "a/b", "A", "tp2\n"])
def test_an_assignment_is_an_id(work: Path, assignment: str):
    with pytest.raises(StoreError):
        Store(work, assignment, "ada")


@pytest.mark.parametrize("student", ["", "x" * 201])
def test_a_student_has_a_name(work: Path, student: str):
    with pytest.raises(StoreError):
        Store(work, "tp2", student)


def test_reading_an_absent_folder_creates_nothing(store: Store, work: Path):
    assert [store.records(), store.binned(), store.chain(), store.leftovers()] == [[], [], [], []]
    assert store.newest("smoke") is None
    assert not work.exists()


def test_a_full_disk_is_said_and_leaves_no_half_record(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.save(make_draft("one"), make_picture())
    before = snapshot(store.outputs)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        store.save(make_draft("one"), make_picture())
    assert snapshot(store.outputs) == before


def test_a_work_folder_that_is_a_file_is_said(tmp_path: Path):
    (tmp_path / "work").write_bytes(b"")
    with pytest.raises(StoreError):
        Store(tmp_path / "work", "tp2", "ada").save(make_draft(), make_picture())


# --- files that are no record


def test_what_a_killed_save_left_is_never_written_over(store: Store):
    store.save(make_draft("smoke"), make_picture())
    orphan = store.outputs / "smoke-2.png"
    orphan.write_bytes(b"an image whose manifest never came")
    temporary = store.outputs / ".genai-0123456789abcdef.tmp"
    temporary.write_bytes(b"half a file")

    assert store.leftovers() == [temporary, orphan]
    assert store.save(make_draft("smoke"), make_picture()).stem == "smoke-3"
    assert orphan.read_bytes() == b"an image whose manifest never came"
    assert store.leftovers() == [orphan]


STRANGE = {
    "broken JSON": b"{",
    "another JSON": b'{"a": 1}',
    "not UTF-8": b"\xff\xff",
    "deep nesting": b"[" * 10_000,
    "empty": b"",
    "large": b" " * 300_000,
}


@pytest.mark.parametrize("data", STRANGE.values(), ids=STRANGE)
def test_a_file_that_is_no_manifest_is_skipped_and_named(store: Store, data: bytes):
    first = store.save(make_draft("one"), make_picture())
    strange = store.outputs / "two.json"
    strange.write_bytes(data)

    assert store.records() == [first]
    assert store.leftovers() == [strange]
    assert store.save(make_draft("two"), make_picture()).stem == "two-2"
    assert strange.read_bytes() == data
    assert verify_chain(store.chain()) == []


def test_a_copied_manifest_is_no_second_record(store: Store):
    record = store.save(make_draft("one"), make_picture())
    copy = store.outputs / "one (copy).json"
    copy.write_bytes(record.manifest_path.read_bytes())
    assert store.records() == [record]
    assert store.leftovers() == [copy]
    assert [m.sequence for m in store.chain()] == [1]


def test_a_record_whose_image_is_gone_stays_in_the_chain_only(store: Store):
    record = store.save(make_draft("one"), make_picture())
    record.image_path.unlink()
    assert store.records() == []
    assert store.missed() == [record]
    assert store.leftovers() == []
    assert [m.sequence for m in store.chain()] == [1]
    store.save(make_draft("two"), make_picture())
    assert store.missed() == [record]
    assert store.save(make_draft("one"), make_picture()).manifest.sequence == 3
    assert (store.missed(), store.leftovers()) == ([], [])


def test_a_binned_manifest_whose_image_is_gone_is_no_leftover_either(store: Store):
    record = store.save(make_draft("one"), make_picture())
    store.delete("one")
    (store.bin / record.image_path.name).unlink()
    assert (store.binned(), store.leftovers(), store.missed()) == ([], [], [])
    assert [m.sequence for m in store.chain()] == [1]


def test_a_changed_manifest_is_read_anew(store: Store):
    record = store.save(make_draft("one"), make_picture())
    assert store.records() == [record]
    text = record.manifest_path.read_text(encoding="utf-8")
    record.manifest_path.write_text(text.replace('"seed": 42', '"seed": 43'), encoding="utf-8")
    assert [r.manifest.request.seed for r in store.records()] == [43]


def test_a_forged_manifest_at_the_last_possible_number_is_answered_with_a_message(store: Store):
    record = store.save(make_draft("one"), make_picture())
    fields = {name: getattr(record.manifest, name) for name in type(record.manifest).model_fields}
    fields |= {"sequence": 1_000_000, "attempt": 2}
    fields["image"] = record.manifest.image.model_copy(update={"file": "one-2.png"})
    del fields["digest"]
    (store.outputs / "one-2.json").write_text(
        sealed(**fields).model_dump_json(by_alias=True), encoding="utf-8"
    )
    with pytest.raises(StoreError) as caught:
        store.save(make_draft("one"), make_picture())
    assert "sequence" in caught.value.in_language("fr")


def test_links_and_pipes_in_the_folder_are_not_followed(store: Store, tmp_path: Path):
    record = store.save(make_draft("one"), make_picture())
    outside = tmp_path / "outside.json"
    outside.write_bytes(record.manifest_path.read_bytes())
    record.manifest_path.unlink()
    record.manifest_path.symlink_to(outside)
    os.mkfifo(store.outputs / "two.json")
    (store.outputs / "three.json").mkdir()

    assert (store.records(), store.chain()) == ([], [])
    assert len(store.leftovers()) == 4
    assert store.save(make_draft("one"), make_picture()).stem == "one-2"
    assert store.save(make_draft("two"), make_picture()).stem == "two-2"
    assert store.save(make_draft("three"), make_picture()).stem == "three-2"


def test_an_image_that_is_a_link_makes_no_record(store: Store, tmp_path: Path):
    record = store.save(make_draft("one"), make_picture())
    outside = tmp_path / "secret.png"
    record.image_path.rename(outside)
    record.image_path.symlink_to(outside)
    assert store.records() == []


@pytest.mark.parametrize("place", ["tp2", "tp2/outputs", "tp2/inputs"])
def test_a_folder_that_is_a_link_is_not_written_into(store: Store, work: Path, tmp_path: Path, place: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (work / place).parent.mkdir(parents=True, exist_ok=True)
    (work / place).symlink_to(elsewhere)
    picture = tmp_path / "picture.png"
    make_picture(size=(64, 64)).save(picture)
    write: Callable[[], object] = partial(store.save, make_draft(), make_picture())
    if place.endswith("inputs"):
        write = partial(store.add_source, picture.read_bytes())
    with pytest.raises(StoreError):
        write()
    assert list(elsewhere.iterdir()) == []
    assert store.records() == []


# --- the bin


def test_a_picture_with_transparency_is_recorded_as_it_is_seen(store: Store):
    record = store.save(make_draft("one"), Image.new("RGBA", (4, 4), (255, 0, 0, 0)))
    assert open_picture(record.image_path.read_bytes()).getpixel((0, 0)) == (255, 255, 255)
    assert record.manifest.image.pixels_sha256 == pixels_sha256(Image.new("RGB", (4, 4), "white"))
