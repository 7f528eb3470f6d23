"""Freezing a submission: what is in the zip, that it grades like the work, and that a change shows."""

import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from grading.checks import check_submission
from grading.results import CheckResult
from grading.submission import files as files_module
from grading.submission import hand_in as hand_in_module
from grading.submission.files import FolderFiles
from grading.submission.hand_in import ABANDONED_SECONDS, HandInError, hand_in, last_change
from grading.submission.reading import closing, open_submission
from manifests.store import Store
from tests.grading.good import EARNED
from tests.grading.wrong import again


def checks(path: Path, tp2: Assignment) -> dict[str, CheckResult]:
    with closing(open_submission(path, "tp2", name="alice")) as submission:
        return {c.id: c for c in check_submission(tp2, submission, "en")}


def rewrite(path: Path, changes: dict[str, bytes | None]) -> None:
    """Replace, add or (None) take out members."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()} | changes
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            if data is not None:
                archive.writestr(name, data)


def test_what_is_frozen_earns_what_the_work_earns(alice: Store, tp2: Assignment) -> None:
    again()(alice)
    alice.delete("t2i_run04_guid4-2")
    result = checks(hand_in(tp2, alice, "fr"), tp2)
    assert sum(c.points for c in result.values()) == pytest.approx(EARNED)
    assert all(c.passed or c.needs_person for c in result.values())


def test_the_zip_holds_the_work_and_a_list_of_it(alice: Store, tp2: Assignment) -> None:
    again()(alice)
    alice.delete("t2i_run04_guid4-2")
    (alice.folder / "films").mkdir()
    (alice.folder / "films" / "baseline.png").write_bytes(b"large and not needed")
    (alice.outputs / ".genai-0123456789abcdef.tmp").write_bytes(b"half a picture")
    path = hand_in(tp2, alice, "fr")
    assert path.parent == alice.folder / "hand-ins"
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        document = json.loads(archive.read("submission.json"))
    assert {"tp2/answers.json", "tp2/outputs/smoke.png", "tp2/outputs/smoke.json"} <= names
    assert "tp2/bin/t2i_run04_guid4-2.json" in names
    assert not any("films" in n or n.endswith(".tmp") or n.endswith("-2.png") for n in names)
    assert {each["file"] for each in document["files"]} == names - {"submission.json"}
    assert (document["schema"], document["student"], document["language"]) == (
        "genai-lab/submission/1", "alice", "fr",
    )  # fmt: skip


def test_an_earlier_hand_in_is_never_replaced(alice: Store, tp2: Assignment) -> None:
    made = {hand_in(tp2, alice, "en") for _ in range(4)}
    assert len(made) == 4
    assert all(zipfile.is_zipfile(path) for path in made)


def test_a_hand_in_does_not_hold_earlier_ones(alice: Store, tp2: Assignment) -> None:
    first, second = hand_in(tp2, alice, "en"), hand_in(tp2, alice, "en")
    assert second.stat().st_size == pytest.approx(first.stat().st_size, rel=0.01)


def test_there_must_be_something_to_hand_in(tmp_path: Path, tp2: Assignment) -> None:
    with pytest.raises(HandInError):
        hand_in(tp2, Store(tmp_path / "work", "tp2", "alice"), "en")
    assert not (tmp_path / "work" / "tp2" / "hand-ins").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"tp2/answers.json": b"{}"},
        {"tp2/outputs/smoke.png": None},
        {"tp2/inputs/another.png": b"x"},
    ],
)
def test_what_was_changed_after_freezing_shows(
    alice: Store, tp2: Assignment, change: dict[str, bytes | None]
) -> None:
    path = hand_in(tp2, alice, "en")
    rewrite(path, change)
    complete = checks(path, tp2)["hand_in/record/complete"]
    assert complete.passed is False
    assert complete.cause
    assert next(iter(change)) in complete.cause.message


def test_what_a_file_manager_adds_does_no_harm(alice: Store, tp2: Assignment) -> None:
    path = hand_in(tp2, alice, "en")
    rewrite(path, {"tp2/.DS_Store": b"x", "__MACOSX/tp2/._answers.json": b"x", "tp2/outputs/Thumbs.db": b"x"})
    assert checks(path, tp2)["hand_in/record/complete"].passed


def test_a_list_in_another_name_shows(alice: Store, tp2: Assignment) -> None:
    path = hand_in(tp2, alice, "en")
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("submission.json")) | {"student": "mallory"}
    rewrite(path, {"submission.json": json.dumps(document).encode()})
    assert checks(path, tp2)["hand_in/record/owner"].status == "open"


def test_a_broken_list_is_said_and_the_rest_is_graded(alice: Store, tp2: Assignment) -> None:
    path = hand_in(tp2, alice, "en")
    rewrite(path, {"submission.json": b"[" * 100_000})
    with closing(open_submission(path, "tp2", name="alice")) as submission:
        assert [f.key for f in submission.findings] == ["submission.bad_list"]
        assert sum(c.points for c in check_submission(tp2, submission, "en")) == pytest.approx(EARNED)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_not_hide_a_list(alice: Store, tp2: Assignment, encoding: str) -> None:
    path = hand_in(tp2, alice, "en")
    with zipfile.ZipFile(path) as archive:
        text = archive.read("submission.json").decode()
    rewrite(path, {"submission.json": text.encode(encoding)})
    with closing(open_submission(path, "tp2", name="alice")) as submission:
        assert submission.findings == []
        assert submission.frozen is not None


def test_a_name_of_a_student_that_is_no_file_name_is_made_one(tmp_path: Path, tp2: Assignment) -> None:
    store = Store(tmp_path, "tp2", "../../=cmd|' /C calc'!A0\n")
    again("smoke")(store)
    path = hand_in(tp2, store, "en")
    assert path.parent == store.folder / "hand-ins"
    assert set(path.name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_what_a_killed_hand_in_left_goes_at_the_next_and_one_at_work_is_left_alone(
    alice: Store, tp2: Assignment
) -> None:
    folder = hand_in(tp2, alice, "en").parent
    names = [".12345-101112000001.tmp", ".12345-101112000002.tmp", ".mine.tmp"]
    for name in names:
        (folder / name).write_bytes(b"half a zip")
    old = time.time() - 2 * ABANDONED_SECONDS
    for name in (names[0], names[2]):
        os.utime(folder / name, (old, old))
    hand_in(tp2, alice, "en")
    assert sorted(path.name for path in folder.glob(".*")) == names[1:]
    assert len(list(folder.glob("*.zip"))) == 2


def test_a_picture_that_is_deleted_while_the_work_is_listed_is_no_error(
    alice: Store, tp2: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real files, with the deletion at the worst moment: the folder is listed, its files not yet."""
    picture, of_a_system = alice.records()[-1].image_path, files_module.is_of_a_system

    def deleting(name: str) -> bool:
        if name == picture.name:
            picture.unlink(missing_ok=True)
        return of_a_system(name)

    monkeypatch.setattr(files_module, "is_of_a_system", deleting)
    path = hand_in(tp2, alice, "en")
    with zipfile.ZipFile(path) as archive:
        assert f"tp2/outputs/{picture.name}" not in archive.namelist()
        assert "tp2/answers.json" in archive.namelist()


def test_a_picture_that_is_deleted_after_listing_does_not_hide_when_the_work_changed(
    alice: Store, tp2: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    gather = hand_in_module._gather

    def deleting(assignment: Assignment, store: Store) -> tuple[FolderFiles, list[str]]:
        found = gather(assignment, store)
        store.records()[-1].image_path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(hand_in_module, "_gather", deleting)
    assert last_change(tp2, alice).year >= 2020


def test_a_failure_leaves_nothing_half_done(
    alice: Store, tp2: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hand_in_module, "_add", full)
    with pytest.raises(OSError, match="No space"):
        hand_in(tp2, alice, "en")
    assert list((alice.folder / "hand-ins").iterdir()) == []
