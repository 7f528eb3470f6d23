"""Opening what was handed in: every shape it may have, and every way a zip can be evil."""

import io
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from exercises.assignment import Assignment
from grading.checks import check_submission
from grading.submission import files as files_module
from grading.submission.files import FolderFiles, Unreadable, ZipFiles
from grading.submission.hand_in import hand_in
from grading.submission.reading import closing, open_submission, open_work
from manifests.store import Store
from tests.grading.good import EARNED
from tests.grading.wrong import again, zipped
from tests.manifests.many import many_records


def points(path: Path, tp2: Assignment, name: str = "alice") -> float:
    with closing(open_submission(path, "tp2", name=name)) as submission:
        return round(sum(c.points for c in check_submission(tp2, submission, "en")), 2)


def reason(path: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        open_submission(path, "tp2")
    return caught.value.message.key


@pytest.mark.parametrize("inside", ["", "alice/", "remise de Zoé/"])
def test_a_zip_of_the_work_is_as_good_as_the_work(
    alice: Store, tp2: Assignment, tmp_path: Path, inside: str
) -> None:
    zipped(alice.folder.parent, tmp_path / "alice.zip", inside=inside)
    assert points(tmp_path / "alice.zip", tp2) == EARNED


def test_a_folder_with_one_zip_in_it_is_that_zip(alice: Store, tp2: Assignment, tmp_path: Path) -> None:
    folder = tmp_path / "submitted"
    folder.mkdir()
    zipped(alice.folder.parent, folder / "anything.zip")
    assert points(folder, tp2) == EARNED


def test_the_assignment_s_folder_alone_will_do(alice: Store, tp2: Assignment) -> None:
    assert points(alice.folder, tp2) == EARNED


def test_a_folder_around_the_work_will_do(alice: Store, tp2: Assignment, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    shutil.move(alice.folder.parent, tmp_path / "outer" / "work")
    assert points(tmp_path / "outer", tp2) == EARNED


def test_two_zips_are_one_too_many(alice: Store, tmp_path: Path) -> None:
    folder = tmp_path / "submitted"
    folder.mkdir()
    zipped(alice.folder.parent, folder / "a.zip")
    again()(alice)
    zipped(alice.folder.parent, folder / "b.zip")
    assert reason(folder) == "submission.many_zips"


def test_of_several_hand_ins_the_newest_is_graded_and_that_is_said(
    alice: Store, tp2: Assignment, tmp_path: Path
) -> None:
    folder = tmp_path / "submitted"
    folder.mkdir()
    whole = hand_in(tp2, alice, "en")
    (alice.outputs / "smoke.png").unlink()
    poorer = hand_in(tp2, alice, "en")
    shutil.copy(whole, folder / "alice-tp2-20261231T235959Z-10.zip")
    shutil.copy(poorer, folder / "alice-tp2-20261231T235959Z-9.zip")
    shutil.copy(poorer, folder / "alice-tp2-20250101T000000Z.zip")
    with closing(open_submission(folder, "tp2")) as submission:
        assert [f.text("en") for f in submission.findings] == [
            "There are 3 hand-ins; the newest one is graded: alice-tp2-20261231T235959Z-10.zip"
        ]
    assert points(folder, tp2) == EARNED


def test_two_works_in_one_submission_are_ambiguous(alice: Store, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    shutil.copytree(alice.folder.parent, tmp_path / "outer" / "old")
    shutil.copytree(alice.folder.parent, tmp_path / "outer" / "new")
    assert reason(tmp_path / "outer") == "submission.ambiguous"


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda p: p.mkdir(), "submission.empty"),
        (lambda p: (p / "tp2").mkdir(parents=True), "submission.empty"),
        (lambda p: (p / "tp2" / "outputs").mkdir(parents=True), "submission.empty"),
        (lambda p: (p.mkdir(), (p / "notes.txt").write_text("x")), "submission.no_assignment"),
        (lambda p: (p.mkdir(), (p / "tp2").write_text("x")), "submission.file_for_folder"),
        (lambda p: p.write_text("x"), "submission.not_a_folder"),
        (lambda p: (p.mkdir(), (p / "tp2").symlink_to("/etc")), "submission.nothing_usable"),
    ],
)
def test_where_there_is_no_assignment_the_reason_says_what_is_there(
    tmp_path: Path, make: Callable[[Path], object], key: str
) -> None:
    make(tmp_path / "bob")
    assert reason(tmp_path / "bob") == key


def test_work_with_nothing_in_it_yet_is_an_empty_submission(tmp_path: Path, tp2: Assignment) -> None:
    submission = open_work(tmp_path / "none", "tp2", "alice")
    checks = check_submission(tp2, submission, "en")
    assert submission.records == ()
    assert not any(c.passed for c in checks)
    assert all(c.cause for c in checks)


def test_nothing_beside_the_assignment_is_looked_at_in_work(alice: Store) -> None:
    (alice.folder.parent / "private.txt").write_text("a diary")
    submission = open_work(alice.folder.parent, "tp2", "alice")
    assert submission.files
    assert all(name.startswith("tp2/") for name in submission.files.sizes)


# --- zips


def zip_of(tmp_path: Path, add: Callable[[zipfile.ZipFile], object]) -> Path:
    path = tmp_path / "alice.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tp2/outputs/a.json", "{}")
        add(archive)
    return path


def entry(name: str, mode: int = 0o600, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | mode) << 16
    return info


@pytest.mark.parametrize(
    ("name", "kind", "key"),
    [
        ("../../etc/cron.d/evil", stat.S_IFREG, "file.bad_name"),
        ("/etc/passwd", stat.S_IFREG, "file.bad_name"),
        ("..\\..\\a.png", stat.S_IFREG, "file.bad_name"),
        ("C:/windows/a.png", stat.S_IFREG, "file.bad_name"),
        ("tp2/outputs/a\nb.png", stat.S_IFREG, "file.bad_name"),
        ("tp2//a.png", stat.S_IFREG, "file.bad_name"),
        ("a/" * 40 + "a.png", stat.S_IFREG, "file.bad_name"),
        ("tp2/outputs/b.png", stat.S_IFLNK, "file.link"),
        ("tp2/outputs/b.png", stat.S_IFCHR, "file.not_plain"),
        ("tp2/outputs/b.png", stat.S_IFIFO, "file.not_plain"),
    ],
)
def test_a_member_that_leads_astray_is_left_out_and_named(
    tmp_path: Path, name: str, kind: int, key: str
) -> None:
    files = ZipFiles(zip_of(tmp_path, lambda z: z.writestr(entry(name, kind=kind), "/etc/passwd")))
    assert list(files.sizes) == ["tp2/outputs/a.json"]
    assert [p.key for p in files.problems] == [key]


def test_a_bomb_is_named_and_not_unpacked(tmp_path: Path) -> None:
    files = ZipFiles(zip_of(tmp_path, lambda z: z.writestr("tp2/outputs/b.png", b"\0" * 10_000_000)))
    assert [p.key for p in files.problems] == ["file.bomb"]


def test_a_member_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = zip_of(tmp_path, lambda z: z.writestr("tp2/outputs/b.png", b"\0" * 5000))
    data = path.read_bytes()
    lie = data.replace(struct.pack("<I", 5000), struct.pack("<I", 10))
    assert lie != data
    path.write_bytes(lie)
    with pytest.raises(Unreadable) as caught:
        ZipFiles(path).read("tp2/outputs/b.png")
    assert caught.value.message.key == "file.damaged"


def test_the_same_name_twice_is_named(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = zip_of(tmp_path, lambda z: z.writestr("tp2/outputs/a.json", "[]"))
    files = ZipFiles(path)
    assert [p.key for p in files.problems] == ["file.twice"]
    assert files.read("tp2/outputs/a.json") == b"{}"


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = zip_of(tmp_path, lambda z: None)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(bytes(data))
    assert [p.key for p in ZipFiles(path).problems] == ["file.encrypted"]


def test_a_compression_that_could_hide_a_bomb_is_not_supported(tmp_path: Path) -> None:
    files = ZipFiles(
        zip_of(tmp_path, lambda z: z.writestr("tp2/outputs/b.png", b"x", compress_type=zipfile.ZIP_LZMA))
    )
    assert [p.key for p in files.problems] == ["file.compression"]


@pytest.mark.parametrize("data", [b"", b"PK", b"\0" * 1000, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_zip_cannot_be_graded(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "alice.zip").write_bytes(data)
    assert reason(tmp_path / "alice.zip") == "submission.bad_zip"


def test_a_zip_cut_short_cannot_be_graded(alice: Store, tmp_path: Path) -> None:
    path = tmp_path / "alice.zip"
    zipped(alice.folder.parent, path)
    path.write_bytes(path.read_bytes()[:-2000])
    assert reason(path) == "submission.bad_zip"


def test_a_damaged_member_costs_that_member_only(alice: Store, tmp_path: Path, tp2: Assignment) -> None:
    path = tmp_path / "alice.zip"
    zipped(alice.folder.parent, path)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("tp2/outputs/t2i_run04_guid4.png")
    data = bytearray(path.read_bytes())
    data[info.header_offset + 200] ^= 0xFF
    path.write_bytes(bytes(data))
    assert points(path, tp2) == round(EARNED - 0.38 - 0.25, 2)  # three of 24 checks for 3 points, and one


def test_a_zip_that_lists_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zip_of(tmp_path, lambda z: list(map(partial(z.writestr, data=""), map(str, range(50)))))
    monkeypatch.setattr(files_module, "_MAX_ONE_READ", 1000)
    assert reason(path) == "submission.bad_zip"


def test_a_zip_of_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alice.zip")
    with pytest.raises(Unreadable):
        ZipFiles(tmp_path / "alice.zip")


# --- bounds


def test_too_many_files_cannot_be_graded(alice: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MAX_FILES", 10)
    assert reason(alice.folder.parent) == "submission.too_many_files"


def test_a_student_may_have_made_thousands_of_pictures(tmp_path: Path) -> None:
    store = Store(tmp_path, "tp2", "ada")
    many_records(store, 5_001)
    submission = open_work(tmp_path, "tp2", "ada")
    assert (len(submission.kept), submission.findings) == (5_001, [])


def test_all_reads_together_are_bounded(
    alice: Store, monkeypatch: pytest.MonkeyPatch, tp2: Assignment
) -> None:
    monkeypatch.setattr(files_module, "MAX_TOTAL_BYTES", 100_000)
    with closing(open_submission(alice.folder.parent, "tp2")) as submission:
        causes = [c.cause.message for c in check_submission(tp2, submission, "en") if c.cause]
    assert any("more than 100000 bytes" in cause for cause in causes)


def test_what_was_read_before_counts_towards_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "MAX_TOTAL_BYTES", 100)
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x" * 60)
    (tmp_path / "small").write_bytes(b"x" * 40)
    files = FolderFiles(tmp_path)
    assert len(files.read("a")) == 60
    with pytest.raises(Unreadable) as caught:
        files.read("b")
    assert caught.value.message.key == "file.total"
    assert len(files.read("small")) == 40  # which still has room


def test_a_file_that_is_read_again_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MAX_TOTAL_BYTES", 100)
    (tmp_path / "a").write_bytes(b"x" * 60)
    (tmp_path / "small").write_bytes(b"x" * 40)
    files = FolderFiles(tmp_path)
    assert [len(files.read(name)) for name in ("a", "a", "small", "a")] == [60, 60, 40, 60]


def test_a_damaged_copy_of_a_picture_costs_nothing_where_another_copy_is_whole(
    alice: Store, tmp_path: Path, tp2: Assignment
) -> None:
    picture = alice.records()[0].image_path
    data = picture.read_bytes()
    picture.unlink()
    for number in (1, 2):
        picture.with_name(f"{picture.stem} ({number}).png").write_bytes(data)
    path = tmp_path / "alice.zip"
    zipped(alice.folder.parent, path)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"tp2/outputs/{picture.stem} (1).png")
    raw = bytearray(path.read_bytes())
    place = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    raw[place] ^= 0xFF
    path.write_bytes(raw)
    assert points(path, tp2) == EARNED


def test_a_picture_of_which_each_copy_is_damaged_costs_that_picture_only(
    alice: Store, tmp_path: Path, tp2: Assignment
) -> None:
    picture = alice.records()[0].image_path
    picture.rename(picture.with_name(f"{picture.stem} (1).png"))
    path = tmp_path / "alice.zip"
    zipped(alice.folder.parent, path)
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"tp2/outputs/{picture.stem} (1).png")
    raw = bytearray(path.read_bytes())
    raw[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    path.write_bytes(raw)
    assert 0 < points(path, tp2) < EARNED


def test_a_file_that_grows_while_it_is_read_is_still_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    files = FolderFiles(tmp_path)
    (tmp_path / "a").write_bytes(b"1234567890")
    with pytest.raises(Unreadable) as caught:
        files.read("a", limit=8)
    assert caught.value.message.key == "file.too_large"


def test_deep_folders_are_left_out(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"abcdefghijkl")
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    files = FolderFiles(tmp_path)
    assert files.sizes == {}
    assert [p.key for p in files.problems] == ["file.too_deep"]


def test_a_name_that_is_no_text_is_shown_with_its_bytes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()
    problem = FolderFiles(tmp_path).problems[0]
    assert problem.text("en") == "A file was left out, for its name is not allowed: caf\\xe9.png"


def test_closing_gives_the_zip_back(alice: Store, tmp_path: Path) -> None:
    zipped(alice.folder.parent, tmp_path / "alice.zip")
    submission = open_submission(tmp_path / "alice.zip", "tp2")
    assert submission.files
    submission.close()
    with pytest.raises(Unreadable):
        submission.files.read("tp2/answers.json")


def test_data_after_a_zip_s_end_or_before_its_start_is_no_crash(alice: Store, tmp_path: Path) -> None:
    path = tmp_path / "alice.zip"
    zipped(alice.folder.parent, path)
    data = io.BytesIO(b"MZ" * 100 + path.read_bytes())
    path.write_bytes(data.getvalue())
    with closing(open_submission(path, "tp2")) as submission:
        assert len(submission.records) == 14
