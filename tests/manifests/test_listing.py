"""A look at a folder opens only what is new or changed, however much lies there."""

import os
import time
from pathlib import Path
from threading import Thread

import pytest

from manifests.listing import Listing
from manifests.manifest import Manifest
from manifests.notebook import Notebook
from manifests.reader import read_manifest_file, read_regular_file
from manifests.store import Store
from tests.manifests.conftest import make_draft, make_picture
from tests.manifests.many import many_records


class Reader:
    """Gives a file's text and counts how often it is asked; an empty file is no record."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, path: Path) -> str | None:
        self.read.append(path.name)
        try:
            return path.read_text(encoding="utf-8") or None
        except OSError:
            return None


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def listing(reader: Reader) -> Listing[str]:
    return Listing(reader)


def test_each_file_is_read_once_however_many_there_are(
    listing: Listing[str], reader: Reader, tmp_path: Path
) -> None:
    for number in range(3000):
        (tmp_path / f"{number}.json").write_text(str(number), encoding="utf-8")
    first = listing.look(tmp_path)
    assert len(first.parsed) == len(reader.read) == 3000
    assert listing.look(tmp_path) == first
    (tmp_path / "new.json").write_text("new", encoding="utf-8")
    assert len(listing.look(tmp_path).parsed) == 3001
    assert reader.read[3000:] == ["new.json"]


def test_what_changed_is_read_anew_and_what_is_gone_is_forgotten(
    listing: Listing[str], reader: Reader, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.json").write_text(name, encoding="utf-8")
    listing.look(tmp_path)
    (tmp_path / "a.json").write_text("A", encoding="utf-8")
    (tmp_path / "b.json").unlink()
    (tmp_path / "c.json").write_text("", encoding="utf-8")
    look = listing.look(tmp_path)
    assert look.parsed == {"a.json": "A"}
    assert look.names == look.plain == {"a.json", "c.json"}
    assert sorted(reader.read[3:]) == ["a.json", "c.json"]


def test_only_plain_files_are_read(listing: Listing[str], reader: Reader, tmp_path: Path) -> None:
    folder = tmp_path / "outputs"
    (folder / "folder.json").mkdir(parents=True)
    (tmp_path / "outside.json").write_text("outside", encoding="utf-8")
    (folder / "link.json").symlink_to(tmp_path / "outside.json")
    os.mkfifo(folder / "pipe.json")
    (folder / "picture.png").write_bytes(b"")
    look = listing.look(folder)
    assert (look.parsed, reader.read) == ({}, [])
    assert look.names == {"folder.json", "link.json", "pipe.json", "picture.png"}
    assert look.plain == {"picture.png"}
    (tmp_path / "linked").symlink_to(folder)
    for nothing in (tmp_path / "linked", tmp_path / "absent", tmp_path / "outside.json"):
        assert listing.look(nothing).names == frozenset()


def test_a_folder_may_change_while_many_threads_look(listing: Listing[str], tmp_path: Path) -> None:
    done = time.monotonic() + 0.5
    wrong: list[str] = []

    def look() -> None:
        while time.monotonic() < done:
            wrong.extend(f"{p}: {t}" for p, t in listing.look(tmp_path).parsed.items() if t != "whole")

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    number = 0
    while time.monotonic() < done:
        temporary = tmp_path / "temporary"
        temporary.write_text("whole", encoding="utf-8")
        temporary.rename(tmp_path / f"{number % 7}.json")
        (tmp_path / f"{(number + 3) % 7}.json").unlink(missing_ok=True)
        number += 1
    for thread in threads:
        thread.join()
    assert wrong == []


def test_over_two_thousand_records_an_unchanged_one_is_not_parsed_again(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = Store(work, "tp2", "ada")
    many_records(student, 2100)
    parsed: list[str] = []

    def read(path: Path) -> Manifest:
        parsed.append(path.name)
        return read_manifest_file(path)

    monkeypatch.setattr("manifests.store.read_manifest_file", read)
    assert len(student.records()) == 2100
    assert len(parsed) == 2100  # once each, not once for each question
    assert len(student.records()) == len(student.chain()) == 2100
    assert student.newest("run7")
    assert len(parsed) == 2100
    student.save(make_draft("one"), make_picture())
    assert len(student.records()) == 2101
    assert parsed[2100:] == ["one.json"]


def test_over_two_thousand_entries_an_unchanged_one_is_not_parsed_again(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Notebook(work, "tp2", "ada")
    book.analyses.mkdir(parents=True)
    for number in range(1, 2101):
        (book.analyses / f"{number:04d}.json").write_text("{", encoding="utf-8")
    parsed: list[str] = []

    def read(path: Path, limit: int) -> bytes:
        parsed.append(path.name)
        return read_regular_file(path, limit)

    monkeypatch.setattr("manifests.notebook.read_regular_file", read)
    assert book.entries() == book.entries() == []
    assert len(parsed) == 2100
