"""What is kept of a class on disk: whole, small, and read back only if it is what it should be."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from hub.class_page.known import Known, Seen
from hub.class_page.pictures import NoPicture, small_jpeg
from hub.cohort.told import NewPicture, Progress

NOW = datetime(2026, 11, 27, 10, 0, tzinfo=UTC)


def new(stem: str) -> NewPicture:
    return NewPicture(stem=stem, time=NOW)


def seen(user: str = "ann", *, points: float = 1.0, later: int = 0, stems: tuple[str, ...] = ()) -> Seen:
    progress = Progress(points=points, maximum=20.0, pictures=0, running=0, newest=[new(s) for s in stems])
    return Seen(
        user=user, assignment="tp2", time=NOW + timedelta(seconds=later), gained=NOW, progress=progress
    )


def test_the_last_known_state_is_there_after_a_restart(tmp_path: Path) -> None:
    Known(tmp_path).put(seen("zoé@exemple.fr", points=7.5))
    again = Known(tmp_path).get("tp2", "zoé@exemple.fr")
    assert again is not None
    assert again.progress.points == 7.5
    assert again.time == NOW
    assert Known(tmp_path).get("tp2", "ann") is None


def test_the_disk_is_written_when_something_is_new_and_now_and_then(tmp_path: Path) -> None:
    known = Known(tmp_path)
    known.put(seen())
    file = next(tmp_path.glob("tp2/*.json"))
    written = file.stat().st_ino
    known.put(seen(later=60))
    assert file.stat().st_ino == written
    assert known.get("tp2", "ann") == seen(later=60)
    known.put(seen(later=61, points=2.0))
    assert file.stat().st_ino != written
    written = file.stat().st_ino
    known.put(seen(later=600, points=2.0))
    assert file.stat().st_ino != written


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff" * 9, b" " * 2**18, b'{"user": "ann"}'])
def test_a_file_that_is_none_is_as_if_nothing_was_seen(tmp_path: Path, data: bytes) -> None:
    Known(tmp_path).put(seen())
    next(tmp_path.glob("tp2/*.json")).write_bytes(data)
    assert Known(tmp_path).get("tp2", "ann") is None


def test_a_file_under_another_students_name_is_not_believed(tmp_path: Path) -> None:
    Known(tmp_path).put(seen("ann"))
    Known(tmp_path).put(seen("bob", points=9.0))
    ann, bob = (
        next(file for file in tmp_path.glob("tp2/*.json") if name in file.read_text())
        for name in ('"ann"', '"bob"')
    )
    ann.write_bytes(bob.read_bytes())
    assert Known(tmp_path).get("tp2", "ann") is None


def test_only_the_newest_pictures_are_kept_and_nothing_of_who_is_forgotten(tmp_path: Path) -> None:
    known = Known(tmp_path)
    first = seen(stems=("a", "b"))
    known.put(first)
    assert known.missing_pictures(first) == [new("a"), new("b")]
    for each in first.progress.newest:
        known.keep_picture("tp2", "ann", each, b"jpeg")
    assert known.missing_pictures(first) == []
    second = seen(stems=("b", "c"))
    assert known.missing_pictures(second) == [new("c")]
    assert known.picture("tp2", "ann", new("a")) is None
    assert known.picture("tp2", "ann", new("b")) == b"jpeg"
    known.put(seen("bob"))
    known.forget("ann")
    assert known.get("tp2", "ann") is None
    assert known.picture("tp2", "ann", new("b")) is None
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 1


def encoded(kind: str, size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **options)
    return file.getvalue()


def test_a_picture_is_made_anew_without_what_it_carried() -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    sent = encoded("JPEG", (400, 300), exif=exif, comment=b"<script>")
    made = small_jpeg(sent)
    assert b"script" not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.format == "JPEG"
        assert picture.size == (320, 240)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xff\xd8\xff<script>",
        encoded("PNG"),
        encoded("GIF"),
        encoded("JPEG", (4000, 4000)),
        encoded("JPEG")[:200],
    ],
)
def test_what_is_no_small_jpeg_is_no_picture(sent: bytes) -> None:
    with pytest.raises(NoPicture):
        small_jpeg(sent)
