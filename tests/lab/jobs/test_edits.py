"""Masked edits and larger canvases: what is kept of them, and what is refused."""

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from exercises.errors import UserError
from lab.jobs.edits import (
    DATA_URL,
    EditError,
    drawn_mask,
    enlarged_edit,
    given_mask,
    leading_outlines,
    masked_edit,
    outlines_of,
)
from manifests.errors import PictureError
from manifests.masks import box_of, covered, open_mask, rectangle, transparent_part
from manifests.outlines import are_outlines
from manifests.pictures import open_picture
from manifests.png import plain_png
from manifests.store import Store
from tests.grading.good import noise

SIZE = (64, 64)
MASK = rectangle(64, 64, 16, 16, 48, 48)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "edit", "ada")


def url(picture: Image.Image) -> str:
    return DATA_URL + base64.b64encode(plain_png(picture)).decode()


def test_what_is_drawn_in_the_page_is_the_mask_whatever_its_colours() -> None:
    coloured = Image.merge("RGBA", [MASK, MASK, MASK, Image.new("L", SIZE, 255)])
    assert drawn_mask(url(coloured), SIZE).tobytes() == MASK.tobytes()


@pytest.mark.parametrize(
    "sent", ["", "x", DATA_URL + "***", "data:text/html;base64,AAAA", DATA_URL + "A" * 6_000_000]
)
def test_what_is_no_drawn_mask_is_told(sent: str) -> None:
    with pytest.raises(EditError):
        drawn_mask(sent, SIZE)


def test_bytes_that_are_no_picture_are_told() -> None:
    with pytest.raises(PictureError):
        drawn_mask(DATA_URL + base64.b64encode(b"no picture").decode(), SIZE)


def test_an_edit_keeps_a_soft_mask_by_its_hash_with_what_is_drawn_around_it(store: Store) -> None:
    source = store.add_source(plain_png(noise(1, 64)))
    edit = masked_edit(store, source, MASK, feather=4)
    kept = open_mask(store.source_path(edit.mask).read_bytes(), *SIZE)
    assert box_of(kept) == box_of(MASK)
    assert covered(kept) > covered(MASK)
    assert edit.mask.padding == 4
    assert masked_edit(store, source, MASK, area=False).mask.padding is None
    assert edit.mask.file == f"{edit.mask.sha256[:16]}.png"


def test_a_larger_canvas_is_kept_as_a_source_of_its_own(store: Store) -> None:
    source = store.add_source(plain_png(noise(1, 64)))
    edit = enlarged_edit(store, source, SIZE, {"left": 30, "top": 8})
    assert edit.size == (96, 72)  # in steps of eight pixels
    canvas = open_picture(store.source_path(edit.source).read_bytes())
    assert canvas.crop((32, 8, 96, 72)).tobytes() == noise(1, 64).tobytes()
    assert edit.mask.padding is None


@pytest.mark.parametrize("sides", [{}, {"left": 0}, {"left": 3}, {"right": -8}, {"top": 100_000}])
def test_a_canvas_that_does_not_grow_or_grows_too_much_is_told(store: Store, sides: dict[str, int]) -> None:
    source = store.add_source(plain_png(noise(1, 64)))
    with pytest.raises(UserError):
        enlarged_edit(store, source, SIZE, sides)


def test_a_mask_from_a_file_is_fitted_as_its_source_is() -> None:
    wide = rectangle(256, 128, 96, 32, 160, 96)  # its middle square is what the model gets
    assert box_of(given_mask(plain_png(wide), SIZE)) == (16, 16, 48, 48)
    with pytest.raises(PictureError):
        given_mask(plain_png(Image.new("L", SIZE)), SIZE)


def test_openais_masks_are_transparent_where_they_are_to_change() -> None:
    picture = Image.new("RGBA", SIZE, "red")
    picture.paste((0, 0, 0, 0), (16, 16, 48, 48))
    out = io.BytesIO()
    picture.save(out, "PNG")
    assert transparent_part(out.getvalue(), *SIZE).tobytes() == MASK.tobytes()
    for data in (plain_png(picture.convert("RGB")), b"", out.getvalue()[:40]):
        with pytest.raises(PictureError):
            transparent_part(data, *SIZE)


def test_the_outlines_that_lead_are_kept_and_lead_as_they_are_when_they_are_taken_again(store: Store) -> None:
    photo = Image.new("RGB", (90, 70), "white")
    photo.paste("navy", (20, 20, 60, 50))
    source = leading_outlines(store, plain_png(photo), SIZE)
    kept = store.source_path(source).read_bytes()
    assert open_picture(kept).size == SIZE
    assert are_outlines(open_picture(kept))
    assert leading_outlines(store, kept, SIZE, 5.0) == source
    assert leading_outlines(store, kept, SIZE, is_lines=True) == source
    assert leading_outlines(store, plain_png(photo), SIZE, is_lines=True) != source


def test_a_picture_without_outlines_leads_nothing(store: Store) -> None:
    for is_lines in (False, True):
        with pytest.raises(EditError) as refused:
            outlines_of(Image.new("RGB", (80, 80), "teal"), SIZE, is_lines=is_lines)
        assert "No outlines" in refused.value.in_language("en")
