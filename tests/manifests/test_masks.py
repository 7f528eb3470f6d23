"""Masks: bounded and of the right size, whatever is sent; and what is measured with them."""

import io
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from manifests.errors import PictureError
from manifests.manifest import Mask
from manifests.masks import (
    MAX_MASK_BYTES,
    box_of,
    change,
    covered,
    enlarged,
    feathered,
    inverted,
    mask_bytes,
    open_mask,
    rectangle,
    usual_padding,
)

HALF = rectangle(64, 64, 0, 0, 32, 64)


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def test_a_mask_is_kept_and_read_as_it_was_drawn() -> None:
    assert open_mask(mask_bytes(HALF), 64, 64).tobytes() == HALF.tobytes()
    assert open_mask(png(HALF.convert("1")), 64, 64).tobytes() == HALF.tobytes()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "broken"),
        (b"\x89PNG\r\n\x1a\nno", "broken"),
        (png(HALF, "GIF"), "broken"),
        (png(HALF)[:-30], "broken"),
        (png(HALF.resize((65, 64))), "size"),
        (png(HALF.convert("RGB")), "colours"),
        (png(Image.new("L", (64, 64), 0)), "empty"),
        (png(Image.new("L", (64, 64), 127)), "empty"),
        (png(HALF) + b"\0" * MAX_MASK_BYTES, "too_large"),
    ],
)
def test_what_is_no_mask_of_the_picture_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(PictureError) as raised:
        open_mask(data, 64, 64)
    assert raised.value.key == f"mask.{code}"


def test_a_mask_that_claims_to_be_huge_is_not_decoded() -> None:
    data = bytearray(png(HALF))
    data[16:24] = (100_000).to_bytes(4, "big") * 2
    with pytest.raises(PictureError):
        open_mask(bytes(data), 64, 64)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mask_or_a_picture_error(data: bytes) -> None:
    for start in (b"", png(HALF)[:33]):
        with suppress(PictureError):
            open_mask(start + data, 64, 64)


def test_what_changed_is_measured_outside_and_inside() -> None:
    source = Image.new("RGB", (64, 64), "white")
    picture = source.copy()
    picture.paste((155, 155, 155), (0, 0, 32, 64))
    assert change(source, picture, HALF) == (0.0, 100.0)
    assert change(source, picture, inverted(HALF)) == (100.0, 0.0)


def test_a_soft_edge_lies_on_both_sides_and_counts_as_covered() -> None:
    soft = feathered(HALF, 8)
    assert covered(HALF) == 0.5
    assert 0.5 < covered(soft) < 0.8
    assert box_of(soft) == (0, 0, 32, 64)
    assert feathered(HALF, 0) is HALF


def test_the_usual_padding_is_an_eighth_of_the_longer_side() -> None:
    assert usual_padding(rectangle(256, 256, 10, 10, 90, 50)) == 10


def test_a_rectangle_is_cut_at_the_pictures_edge() -> None:
    assert box_of(rectangle(64, 64, -5, 10, 900, 20)) == (0, 10, 64, 20)
    assert covered(rectangle(64, 64, 30, 10, 20, 20)) == 0.0


@pytest.mark.parametrize("feather", [0, 8])
def test_a_larger_canvas_keeps_the_picture_and_marks_the_new_border(feather: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    canvas, mask = enlarged(Image.fromarray(pixels), {"left": 32, "bottom": 16}, feather)
    assert canvas.size == mask.size == (96, 80)
    assert (np.asarray(canvas)[:64, 32:] == pixels).all()
    gray = np.asarray(mask)
    assert (gray[64:] > 127).all()
    assert (gray[:, :32] > 127).all()
    assert (gray[:30, 64:] == 0).all()  # what is far from the new border is kept
    assert (np.asarray(canvas)[:64, 0] == pixels[:, 0]).all()  # the border repeats the edge


def test_a_mask_names_its_file_hash_and_padding() -> None:
    assert Mask(file="a.png", sha256="ab" * 32).padding is None
