"""A picture from outside is decoded safely or refused with a PictureError, whatever the bytes."""

import io
import struct
import zlib

import pillow_heif
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from manifests.errors import PictureError
from manifests.pictures import FORMATS, MAX_BYTES, open_picture, picture_extension
from tests.manifests.conftest import make_picture


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    """A valid PNG of a few bytes whose header claims that size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = (
        png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + png_chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + body


pillow_heif.register_heif_opener()  # which writes HEIC, too
GOOD = {form: encoded(make_picture(1, (24, 16)), form) for form in FORMATS.values()}


@pytest.mark.parametrize(("extension", "form"), FORMATS.items())
def test_the_known_formats_are_opened(form: str, extension: str):
    image = open_picture(GOOD[form])
    assert (image.mode, image.size) == ("RGB", (24, 16))
    assert picture_extension(GOOD[form]) == extension


def test_pixels_of_a_png_are_as_they_were():
    assert open_picture(GOOD["PNG"]).tobytes() == make_picture(1, (24, 16)).tobytes()


@pytest.mark.parametrize("form", ["PPM", "ICO", "PDF", "EPS", "TGA", "JPEG2000", "ICNS"])
def test_other_formats_are_refused(form: str):
    with pytest.raises(PictureError, match="PNG, JPEG"):
        open_picture(encoded(make_picture(), form))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])  # HEIC has a box of its own for it
def test_a_picture_is_turned_upright(form: str):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    assert open_picture(encoded(make_picture(1, (24, 16)), form, exif=exif)).size == (16, 24)


@pytest.mark.parametrize("form", ["HEIF", "AVIF"])
def test_a_phone_s_picture_looks_as_it_was_taken(form: str):
    smooth = Image.linear_gradient("L").resize((64, 48)).convert("RGB")
    opened = open_picture(encoded(smooth, form, quality=90))
    assert opened.size == (64, 48)
    difference = ImageChops.difference(opened, smooth)
    assert max(ImageStat.Stat(difference).mean) < 3


def test_a_heic_that_says_so_only_among_its_other_brands_is_one():
    data = bytearray(GOOD["HEIF"])
    data[8:12] = b"mif1"
    assert open_picture(bytes(data)).size == (24, 16)
    assert picture_extension(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif") == ".avif"


@pytest.mark.parametrize("brand", [b"qt  ", b"isom", b"mp42", b"M4A "])
def test_a_film_is_no_picture(brand: bytes):
    with pytest.raises(PictureError, match="HEIC"):
        open_picture(b"\0\0\0\x14ftyp" + brand + b"\0\0\0\0" + brand + b"\0" * 100)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (4, 4), (0, 0, 0, 0)),
        Image.new("LA", (4, 4), (0, 0)),
        Image.new("RGBA", (4, 4), (0, 0, 0, 0)).convert("P"),
    ],
    ids=["RGBA", "LA", "palette"],
)
def test_what_is_transparent_becomes_white(image: Image.Image):
    if image.mode == "P":
        image.info["transparency"] = image.getpixel((0, 0))
    assert open_picture(encoded(image, "PNG")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "CMYK", "YCbCr"])
def test_every_mode_becomes_rgb(mode: str):
    form = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    image = open_picture(encoded(Image.new(mode, (4, 4)), form))
    assert (image.mode, image.size) == ("RGB", (4, 4))


def test_an_animation_gives_its_first_frame():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert open_picture(data).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7_100, 12_000, 30_000, 2**31 - 1])
def test_a_picture_that_claims_too_many_pixels_is_not_decoded(side: int, monkeypatch: pytest.MonkeyPatch):
    def decode(self: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", decode)
    with pytest.raises(PictureError) as caught:
        open_picture(png_claiming(side, side))
    assert caught.value.key in ("picture.too_many_pixels", "picture.bomb")


def test_the_bound_on_pixels_can_be_set():
    assert open_picture(GOOD["PNG"], max_pixels=24 * 16).size == (24, 16)
    with pytest.raises(PictureError, match="24 by 16"):
        open_picture(GOOD["PNG"], max_pixels=24 * 16 - 1)


def test_too_many_bytes_are_refused():
    with pytest.raises(PictureError) as caught:
        open_picture(GOOD["PNG"] + b"\0" * MAX_BYTES)
    assert caught.value.key == "picture.too_large"


@pytest.mark.parametrize("form", GOOD)
def test_a_truncated_picture_is_refused(form: str):
    with pytest.raises(PictureError):
        open_picture(GOOD[form][: len(GOOD[form]) * 2 // 3])


def test_compressed_text_that_explodes_is_refused():
    text = png_chunk(b"zTXt", b"key\0\0" + zlib.compress(b"x" * 50_000_000))
    data = GOOD["PNG"]
    with pytest.raises(PictureError):
        open_picture(data[:33] + text + data[33:])  # behind signature and header


@settings(deadline=None)
@given(
    st.sampled_from([b"", b"RIFF\0\0\0\0WEBP", *(data[:24] for data in GOOD.values())]),
    st.binary(max_size=400),
)
@example(b"", b"")
@example(b"RIFF", b"")
def test_any_bytes(start: bytes, rest: bytes):
    open_or_refuse(start + rest)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(list(GOOD)), st.data())
def test_a_good_picture_with_some_bytes_changed(form: str, data: st.DataObject):
    picture = bytearray(GOOD[form])
    for _ in range(data.draw(st.integers(1, 5))):
        picture[data.draw(st.integers(0, len(picture) - 1))] = data.draw(st.integers(0, 255))
    open_or_refuse(bytes(picture))


def open_or_refuse(data: bytes) -> None:
    try:
        image = open_picture(data, max_pixels=1_000_000)
    except PictureError as error:
        if "\n" in error.in_language("en") + error.in_language("fr"):
            raise AssertionError("more than one line") from error
    else:
        assert image.mode == "RGB"
        assert image.width * image.height <= 1_000_000
