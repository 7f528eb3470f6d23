"""A photo is kept beside the pictures as it came, and only if it is one."""

import hashlib
from pathlib import Path

import pillow_heif
import pytest

from manifests.errors import PictureError, StoreError
from manifests.store import Store
from tests.manifests.conftest import make_picture


def test_a_source_is_kept_as_it_came_under_a_name_of_our_own(store: Store, tmp_path: Path):
    path = tmp_path / "photo.jpg"
    make_picture(size=(64, 64)).save(path)
    data = path.read_bytes()

    source = store.add_source(data)
    assert source.sha256 == hashlib.sha256(data).hexdigest()
    assert source.file == source.sha256[:16] + ".jpg"
    assert store.source_path(source) == store.inputs / source.file
    assert store.source_path(source).read_bytes() == data
    assert store.add_source(data) == source
    assert len(list(store.inputs.iterdir())) == 1


@pytest.mark.parametrize(
    "data",
    [b"GIF89a", b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff and then something else", b"RIFF....WEBPVP8 "],
    ids=["another format", "nothing", "a PNG's beginning", "a JPEG's beginning", "a WebP's beginning"],
)
def test_a_source_that_is_no_picture_is_refused(store: Store, data: bytes):
    with pytest.raises(PictureError):
        store.add_source(data)
    assert not store.inputs.exists()


def test_a_source_that_was_cut_off_is_refused(store: Store, tmp_path: Path):
    make_picture(size=(160, 160)).save(tmp_path / "photo.jpg")
    data = (tmp_path / "photo.jpg").read_bytes()
    with pytest.raises(PictureError):
        store.add_source(data[: len(data) // 2])
    assert not store.inputs.exists()


@pytest.mark.parametrize("extension", ["heic", "avif", "gif", "tif", "bmp"])
def test_a_photo_in_a_format_of_phones_and_scanners_is_kept_as_it_came(
    store: Store, tmp_path: Path, extension: str
):
    pillow_heif.register_heif_opener()
    path = tmp_path / f"photo.{extension}"
    make_picture(size=(80, 64)).save(path)
    source = store.add_source(path.read_bytes())
    assert source.file.endswith(f".{extension}")
    assert store.source_path(source).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("size", [(1, 1), (63, 400), (400, 63)])
def test_a_source_that_shows_nothing_for_want_of_pixels_is_refused(
    store: Store, tmp_path: Path, size: tuple[int, int]
):
    make_picture(size=size).save(tmp_path / "photo.png")
    with pytest.raises(PictureError, match=f"{size[0]} by {size[1]} pixels"):
        store.add_source((tmp_path / "photo.png").read_bytes())
    assert not store.inputs.exists()


def test_an_absent_source_is_said(store: Store, tmp_path: Path):
    path = tmp_path / "photo.png"
    make_picture(size=(64, 64)).save(path)
    source = store.add_source(path.read_bytes())
    store.source_path(source).unlink()
    with pytest.raises(StoreError, match=source.file):
        store.source_path(source)
    (store.inputs / source.file).symlink_to(path)
    with pytest.raises(StoreError):
        store.source_path(source)
