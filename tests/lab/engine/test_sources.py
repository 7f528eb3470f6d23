"""Source pictures: fitted the same way each time, and what is no picture is refused, never a crash."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lab.engine.failures import EngineFailure
from lab.engine.sources import fit, open_source
from tests.lab.engine.asking import photo


def test_it_is_cut_from_the_middle_and_never_stretched() -> None:
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste("red", (100, 0, 200, 100))  # the middle square
    fitted = fit(picture, 64, 64)
    assert fitted.size == (64, 64)
    assert {fitted.getpixel(at) for at in ((1, 1), (32, 32), (62, 62))} == {(255, 0, 0)}


def test_a_picture_of_the_right_size_is_left_as_it_is() -> None:
    picture = open_source(photo(64, 64), 64, 64)
    assert picture.tobytes() == Image.open(io.BytesIO(photo(64, 64))).tobytes()


@given(st.integers(1, 200), st.integers(1, 200), st.integers(8, 96), st.integers(8, 96))
def test_any_picture_becomes_exactly_the_size(width: int, height: int, to_width: int, to_height: int) -> None:
    assert fit(Image.new("RGB", (width, height)), to_width, to_height).size == (to_width, to_height)


def _bomb() -> bytes:
    """A PNG of few bytes whose header says 30,000 by 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda data: photo()[:60] + data))
def test_bytes_that_are_no_picture_are_refused(data: bytes) -> None:
    with pytest.raises(EngineFailure) as refused:
        open_source(data, 64, 64)
    assert refused.value.failed.code == "bad_source"


def test_a_bomb_is_refused_and_why_is_said_in_both_languages() -> None:
    with pytest.raises(EngineFailure) as refused:
        open_source(_bomb(), 64, 64)
    texts = [refused.value.failed.text(language) for language in ("en", "fr")]
    assert texts[0] != texts[1]
    assert all("pixels" in text for text in texts)
