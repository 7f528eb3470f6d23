"""A picture taken out of the lab in another format keeps what that format can keep."""

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL.PngImagePlugin import PngInfo

from lab.records.export import ENDINGS, FORMATS, Format, exported, user_comment, zipped
from manifests.errors import PictureError
from manifests.pictures import open_picture, picture_extension, xmp_of
from manifests.png import PARAMETERS_KEY, read_png_text
from manifests.store import Store
from manifests.xmp import GENERATED, Generated, packet, read
from tests.manifests.conftest import make_draft, make_picture

MADE: Generated = "trainedAlgorithmicMedia"


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    """A picture of the lab's as it was recorded."""
    record = Store(tmp_path, "tp2", "ada").save(make_draft("smoke"), make_picture())
    return record.image_path.read_bytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_a_whole_picture_of_the_same_size(data: bytes, kind: Format) -> None:
    made = exported(data, kind, MADE)
    assert picture_extension(made) == ENDINGS[kind]
    assert open_picture(made).size == open_picture(data).size


def test_a_png_of_the_labs_is_given_to_the_byte(data: bytes) -> None:
    assert exported(data, "PNG", MADE) is data


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_what_other_tools_read_goes_along_in_jpeg_and_webp(data: bytes, kind: Format) -> None:
    told = read_png_text(data)[PARAMETERS_KEY]
    assert told
    assert user_comment(exported(data, kind, MADE)) == told


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("term", GENERATED)
def test_a_picture_that_declares_nothing_leaves_as_the_models_that_it_is(
    kind: Format, term: Generated
) -> None:
    """Pictures from before the mark, and those of an API that does not mark."""
    before = io.BytesIO()
    make_picture().save(before, "WEBP" if kind == "PNG" else "PNG")
    assert read(xmp_of(exported(before.getvalue(), kind, term))).source_type == term


def test_what_a_picture_declared_goes_along_as_it_was_written(data: bytes) -> None:
    assert xmp_of(exported(data, "JPEG", GENERATED[1])) == xmp_of(data)
    theirs, large = packet(MADE).replace(b"GenAI Lab", b"Theirs"), packet(MADE) + b" " * 70_000
    for told, kept in ((theirs, theirs), (large, packet(GENERATED[1])), (b"<x>", packet(GENERATED[1]))):
        file = io.BytesIO()
        make_picture().save(file, "WEBP", xmp=told)
        assert xmp_of(exported(file.getvalue(), "JPEG", GENERATED[1])) == kept


@given(st.text(max_size=300))
@example("\u0100\u0200\u0300")  # letters whose lower byte is zero
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_words_go_along_whole(words: str) -> None:
    texts, out = PngInfo(), io.BytesIO()
    texts.add_itxt(PARAMETERS_KEY, words.replace("\0", "") + "x")
    make_picture().save(out, "PNG", pnginfo=texts)
    told = read_png_text(out.getvalue())[PARAMETERS_KEY]
    assert user_comment(exported(out.getvalue(), "JPEG", MADE)) == told


@given(st.binary(max_size=200), st.sampled_from([b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"GIF89a"]))
def test_what_is_no_whole_picture_is_refused_and_has_no_comment(junk: bytes, start: bytes) -> None:
    with pytest.raises(PictureError):
        exported(start + junk, "PNG", MADE)
    assert user_comment(start + junk) == ""


def test_a_zip_holds_pictures_and_manifests_to_the_byte(tmp_path: Path) -> None:
    store = Store(tmp_path, "tp2", "ada")
    records = [store.save(make_draft(f"run{number}"), make_picture()) for number in range(3)]
    with zipfile.ZipFile(io.BytesIO(zipped(records))) as archive:
        files = [path for record in records for path in (record.image_path, record.manifest_path)]
        assert archive.namelist() == [path.name for path in files]
        assert all(archive.read(path.name) == path.read_bytes() for path in files)
