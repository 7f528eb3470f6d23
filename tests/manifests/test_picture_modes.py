"""Every mode Pillow knows comes through as a person sees it, compared with a reference written out here."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from manifests.pictures import open_picture, to_rgb
from tests.manifests.test_pictures import encoded, png_chunk

Levels = Any  # an array of 8-bit greys or colours


def ramp(top: int, size: tuple[int, int] = (64, 4)) -> Any:
    """Numbers from 0 to `top`, evenly, in each row."""
    width, height = size
    return np.tile(np.linspace(0, top, width), (height, 1))


def seen(image: Image.Image) -> Levels:
    return np.asarray(image, dtype=int)


def grey(levels: Any) -> Levels:
    return np.repeat(np.asarray(levels).round().astype(int)[..., None], 3, axis=2)


def over_white(colour: Any, alpha: Any) -> Levels:
    colour, alpha = np.asarray(colour, dtype=float), np.asarray(alpha, dtype=float)[..., None] / 255
    return (colour * alpha + 255 * (1 - alpha)).round().astype(int)


def close(image: Image.Image, expected: Levels, by: int = 1) -> None:
    assert image.mode == "RGB"
    assert np.abs(seen(image) - expected).max() <= by


SIXTEEN = ramp(65535).round().astype(np.uint16)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B"])
def test_sixteen_bits_of_grey_are_scaled_not_cut(mode: str) -> None:
    order = ">u2" if mode == "I;16B" else "<u2"
    image = Image.frombytes(mode, (64, 4), SIXTEEN.astype(order).tobytes())
    close(to_rgb(image), grey(SIXTEEN / 257), by=0)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_a_file_of_sixteen_bits_is_scaled_not_cut(form: str) -> None:
    data = encoded(Image.fromarray(SIXTEEN), form)
    close(open_picture(data), grey(SIXTEEN / 257), by=0)


def test_a_dark_picture_of_sixteen_bits_stays_dark() -> None:
    dark = Image.fromarray((SIXTEEN // 256).astype(np.uint16))
    assert seen(open_picture(encoded(dark, "PNG"))).max() <= 1


@pytest.mark.parametrize("file", ["gray16_gradient.png", "product_gray16.png"])
def test_the_pictures_that_became_white_in_use(file: str) -> None:
    data = (Path(__file__).parent / "cases" / file).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        values = np.asarray(image, dtype=float)
    assert values.max() > 255
    close(open_picture(data), grey(values / 257), by=0)
    assert seen(open_picture(data)).std() > 10


@pytest.mark.parametrize("top", [255, 65535, 2**31 - 1])
def test_whole_numbers_are_of_the_fewest_bits_that_hold_them(top: int) -> None:
    image = Image.fromarray(ramp(top).astype(np.int32))
    assert image.mode == "I"
    close(to_rgb(image), grey(ramp(255)))


@pytest.mark.parametrize("top", [1, 255, 65535])
def test_fractions_are_of_the_least_range_that_holds_them(top: int) -> None:
    image = Image.fromarray(ramp(top).astype(np.float32))
    assert image.mode == "F"
    close(to_rgb(image), grey(ramp(255)))
    close(open_picture(encoded(image, "TIFF")), grey(ramp(255)))


def test_numbers_that_are_none_are_black_and_hide_no_others() -> None:
    values = ramp(1).astype(np.float32)
    values[0, :3] = (np.nan, np.inf, -np.inf)
    image = to_rgb(Image.fromarray(values))
    assert seen(image)[0, :3].max() == 0
    close(image.crop((0, 1, 64, 4)), grey(ramp(255))[1:])


@settings(deadline=None)
@given(st.binary(min_size=4 * 6, max_size=4 * 6), st.sampled_from(["I", "F"]))
def test_any_numbers_give_a_picture(data: bytes, mode: str) -> None:
    image = to_rgb(Image.frombytes(mode, (3, 2), data))
    assert (image.mode, image.size) == ("RGB", (3, 2))


COLOURS = np.random.default_rng(3).integers(0, 256, (4, 64, 3))
ALPHA = ramp(255).round().astype(int)
GREY = COLOURS[..., 0]


def image_of(mode: str, *bands: Any) -> Image.Image:
    array = np.dstack([np.atleast_3d(band) for band in bands]).astype(np.uint8)
    return Image.frombytes(mode, (array.shape[1], array.shape[0]), array.tobytes())


@pytest.mark.parametrize("mode", ["RGBA", "LA", "RGBa", "La"])
def test_alpha_lays_the_picture_on_white(mode: str) -> None:
    colour = COLOURS if mode.startswith("RGB") else GREY
    opaque = COLOURS if mode.startswith("RGB") else grey(GREY)
    if mode.endswith("a"):  # the colours are multiplied by alpha already
        alpha = ALPHA[..., None] if colour.ndim == 3 else ALPHA
        close(to_rgb(image_of(mode, colour * alpha / 255, ALPHA)), over_white(opaque, ALPHA), by=2)
    else:
        close(to_rgb(image_of(mode, colour, ALPHA)), over_white(opaque, ALPHA))


def palette() -> tuple[Image.Image, Levels]:
    """A palette picture of 16 colours, and its colours."""
    table = np.random.default_rng(4).integers(0, 256, (16, 3))
    indices = np.tile(np.arange(64) % 16, (4, 1))
    image = Image.fromarray(indices.astype(np.uint8)).convert("L")
    image.putpalette(table.astype(np.uint8).tobytes())
    assert image.mode == "P"
    return image, table[indices]


def test_a_palette_is_looked_up() -> None:
    image, colours = palette()
    close(to_rgb(image), colours, by=0)
    close(open_picture(encoded(image, "PNG")), colours, by=0)


@pytest.mark.parametrize("how", ["one colour", "an alpha each", "alpha in the palette", "an alpha band"])
def test_a_palette_with_transparency_is_laid_on_white(how: str) -> None:
    image, colours = palette()
    indices = np.asarray(image)
    alpha = np.full(indices.shape, 255)
    if how == "one colour":
        alpha[indices == 5] = 0
        close(open_picture(encoded(image, "PNG", transparency=5)), over_white(colours, alpha))
    elif how == "an alpha each":
        alpha = indices.astype(int) * 17
        levels = bytes(range(0, 256, 17))
        close(open_picture(encoded(image, "PNG", transparency=levels)), over_white(colours, alpha))
    elif how == "alpha in the palette":
        table = np.asarray(image.getpalette())[: 16 * 3].reshape(16, 3)
        image.putpalette(np.hstack([table, np.arange(16)[:, None] * 17]).astype(np.uint8).tobytes(), "RGBA")
        close(to_rgb(image), over_white(colours, indices.astype(int) * 17))
    else:
        banded = image.convert("PA")
        banded.putalpha(Image.fromarray(ALPHA.astype(np.uint8)))
        close(to_rgb(banded), over_white(colours, ALPHA))


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_a_colour_that_a_png_names_transparent_is_white(mode: str) -> None:
    image = Image.new(mode, (4, 4))
    image.putpixel((0, 0), (7, 7, 7) if mode == "RGB" else 7)
    black = (0, 0, 0) if mode == "RGB" else 0
    opened = open_picture(encoded(image, "PNG", transparency=black))
    assert opened.getpixel((1, 1)) == (255, 255, 255)
    assert opened.getpixel((0, 0)) == ((255,) * 3 if mode == "1" else (7, 7, 7))


def png(depth: int, colour_type: int, rows: bytes, transparent: bytes, width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"tRNS", transparent), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


def test_a_level_of_sixteen_bits_that_is_transparent_is_white() -> None:
    rows = b"\0" + struct.pack(">3H", 0, 1000, 60000)
    opened = open_picture(png(16, 0, rows, struct.pack(">H", 1000), 3, 1))
    assert [opened.getpixel((x, 0)) for x in range(3)] == [(0,) * 3, (255,) * 3, (233,) * 3]


def test_a_colour_of_sixteen_bits_that_is_transparent_is_white() -> None:
    rows = b"\0" + struct.pack(">6H", 5000, 6000, 7000, 50000, 60000, 1000)
    opened = open_picture(png(16, 2, rows, struct.pack(">3H", 50000, 60000, 1000), 2, 1))
    assert opened.getpixel((1, 0)) == (255, 255, 255)
    assert opened.getpixel((0, 0)) == (5000 >> 8, 6000 >> 8, 7000 >> 8)


def inks() -> tuple[Image.Image, Levels]:
    """Smooth CMYK, which JPEG keeps nearly as it is, and the colours it prints."""
    cyan, magenta = ramp(255, (64, 64)), ramp(255, (64, 64)).T
    yellow, black = np.full((64, 64), 40.0), ramp(120, (64, 64))
    bands = np.dstack([cyan, magenta, yellow, black])
    colours = 255 * (1 - bands[..., :3] / 255) * (1 - bands[..., 3:] / 255)
    return image_of("CMYK", bands), colours.round().astype(int)


def test_cmyk_is_ink_on_white() -> None:
    image, colours = inks()
    close(to_rgb(image), colours, by=2)
    close(open_picture(encoded(image, "TIFF")), colours, by=2)


def test_cmyk_with_adobe_s_inversion_is_ink_on_white() -> None:
    image, colours = inks()
    data = encoded(image, "JPEG", quality=98)
    assert b"Adobe" in data
    close(open_picture(data), colours, by=8)


def test_cmyk_without_adobe_s_inversion_is_ink_on_white() -> None:
    image, colours = inks()
    inverted = Image.eval(image, lambda level: 255 - level)  # which Pillow inverts again as it writes
    data = encoded(inverted, "JPEG", quality=98)
    at = data.index(b"\xff\xee")
    data = data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]
    assert b"Adobe" not in data
    close(open_picture(data), colours, by=8)


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB", "RGBX"])
def test_other_spaces_of_colour_come_back(mode: str) -> None:
    muted = COLOURS // 2 + 64  # LAB in eight bits is coarse, most of all near the edges
    colours = image_of("RGB", muted)
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(colours, *profiles, outputMode="LAB")
    else:
        image = colours.convert(mode)
    assert image is not None
    assert image.mode == mode
    close(to_rgb(image), muted, by=12)


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_and_grey_stay_as_they_are(mode: str) -> None:
    image = Image.fromarray(GREY.astype(np.uint8)).convert(mode)
    close(to_rgb(image), grey(np.asarray(image.convert("L"))), by=0)
