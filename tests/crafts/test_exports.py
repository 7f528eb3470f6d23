"""Stories, brands and batches as others read them: python-pptx, pypdf, Pillow."""

import io
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from pptx import Presentation
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject

from crafts.brandkit import APPLICATION as BRANDKIT
from crafts.errors import CraftError
from crafts.operations import APPLICATION as OPERATIONS
from crafts.operations import OperationsSettings, batch, metadata_of
from crafts.storyboard import APPLICATION as STORYBOARD
from exercises.i18n import LANGUAGES, Language
from manifests.pictures import open_picture
from tests.crafts.conftest import painted, shaded

FRAMES = [
    {"caption": f"Frame {n} happens «here»", "alt": f"A <b>bag</b> number {n} & a cat"} for n in range(1, 5)
]
PALETTE = [
    {"colour": "#102030", "name": "ink"},
    {"colour": "#ffffff", "name": "paper"},
    {"colour": "#767676"},
]


def made(
    application: Any, settings_: dict[str, Any], pictures: list[Image.Image], language: Language = "en"
) -> Any:
    known = application.read_settings(settings_)
    found = application.work_out(known, pictures)
    return found, application.files(known, pictures, found, language)


def alternatives(document: PdfReader) -> list[str]:
    """The alternative texts in a PDF's structure, in order."""
    found: list[str] = []

    def look(node: Any) -> None:
        node = node.get_object() if isinstance(node, IndirectObject) else node
        if isinstance(node, list):
            for each in node:
                look(each)
        elif isinstance(node, DictionaryObject):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            if "/K" in node and not isinstance(node["/K"], int):
                look(node["/K"])

    look(document.root_object["/StructTreeRoot"])
    return found


def test_the_slides_keep_order_captions_and_alternative_texts() -> None:
    pictures = [shaded(n) for n in range(4)]
    _, files = made(STORYBOARD, {"title": "A day", "frames": FRAMES}, pictures)
    deck = Presentation(io.BytesIO(files[".pptx"]))
    assert deck.core_properties.title == "A day"
    assert [slide.shapes.title.text for slide in deck.slides] == [frame["caption"] for frame in FRAMES]
    for slide, frame, picture in zip(deck.slides, FRAMES, pictures, strict=True):
        (shape,) = [each for each in slide.shapes if each.shape_type == 13]
        assert shape._element.nvPicPr.cNvPr.get("descr") == frame["alt"]
        assert Image.open(io.BytesIO(shape.image.blob)).tobytes() == picture.tobytes()
        assert [
            each for each in slide.placeholders if not each.has_text_frame or not each.text_frame.text
        ] == []
        assert shape.left >= 0
        assert shape.left + shape.width <= deck.slide_width
        assert shape.top + shape.height <= deck.slide_height


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_storys_pages_have_captions_as_text_and_alternative_texts_in_the_structure(
    language: Language,
) -> None:
    _, files = made(STORYBOARD, {"title": "A day", "frames": FRAMES}, [shaded(n) for n in range(4)], language)
    document = PdfReader(io.BytesIO(files[".pdf"]))
    text = "\n".join(page.extract_text() for page in document.pages)
    assert all(frame["caption"] in text for frame in FRAMES)
    assert alternatives(document) == [frame["alt"] for frame in FRAMES]
    assert str(document.root_object["/Lang"]) == language


def test_frames_of_one_palette_are_nearer_than_frames_of_two() -> None:
    alike = [painted("#2040c0", "#f0e080"), painted("#2848c8", "#f0e890")]
    near, _ = made(STORYBOARD, {}, alike)
    far, _ = made(STORYBOARD, {}, [alike[0], painted("#c02020", "#107010")])
    assert near["distance"] < 10 < 30 < far["distance"]
    assert near["frames"][0]["from_before"] is None


def test_an_alternative_text_of_many_lines_is_one_paragraph_in_the_storys_table() -> None:
    frames = [{"caption": "It goes", "alt": "\n".join("abcdefghij" * 20)}] * 2
    _, files = made(STORYBOARD, {"title": "", "frames": frames}, [painted("#ff0000"), painted("#00ff00")])
    assert "a b c d e f g h i j" in PdfReader(io.BytesIO(files[".pdf"])).pages[-1].extract_text()


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=120), st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_typed_ends_in_pages_and_slides(title: str, caption: str, alt: str) -> None:
    frames = [{"caption": caption, "alt": alt}] * 2
    _, files = made(STORYBOARD, {"title": title, "frames": frames}, [painted("#ff0000"), painted("#00ff00")])
    assert len(Presentation(io.BytesIO(files[".pptx"])).slides) == 2
    assert len(PdfReader(io.BytesIO(files[".pdf"])).pages) >= 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_brand_is_one_page_with_its_colours_and_contrasts_as_text(language: Language) -> None:
    given_ = {"name": "Thé & Co", "moods": ["calm", "warm"], "palette": PALETTE}
    found, files = made(BRANDKIT, given_, [shaded(n) for n in range(6)], language)
    document = PdfReader(io.BytesIO(files[".pdf"]))
    (page,) = document.pages
    text = page.extract_text()
    assert all(each["colour"] in text for each in PALETTE)
    assert "Thé & Co" in text
    assert len(alternatives(document)) == 6
    assert found["contrasts"][0] == {
        "colours": ["#102030", "#ffffff"],
        "contrast": 16.51,
        "text": True,
        "large": True,
    }


def test_a_shot_of_the_palette_is_near_it_and_another_is_not() -> None:
    given_ = {"palette": PALETTE}
    found, _ = made(BRANDKIT, given_, [painted("#102030", "#ffffff"), painted("#ff0000")])
    assert [shot["near"] for shot in found["shots"]] == [1.0, 0.0]
    assert found["shots"][0]["shares"] == [0.5, 0.5, 0.0]


@pytest.mark.parametrize("palette", [[], [{"colour": "red"}], [{"colour": "#12345"}], PALETTE * 3])
def test_a_palette_that_is_none_is_refused(palette: list[Any]) -> None:
    with pytest.raises(CraftError, match="palette"):
        BRANDKIT.read_settings({"palette": palette})


def test_a_batch_of_a_hundred_is_what_its_table_says() -> None:
    found, files = made(OPERATIONS, {"crop": "4:3"}, [shaded(n, 256) for n in range(5)])
    with zipfile.ZipFile(io.BytesIO(files[".zip"])) as archive:
        assert archive.namelist() == [each["name"] for each in found["files"]]
        assert len(archive.namelist()) == 100
        for each in found["files"]:
            data = archive.read(each["name"])
            picture = Image.open(io.BytesIO(data))
            assert (len(data), picture.size) == (each["bytes"], (each["width"], each["height"]))
            assert each["width"] * 3 == each["height"] * 4
    by_format = {each["format"]: each for each in found["formats"]}
    assert by_format["PNG"]["psnr"] is None
    assert by_format["JPEG 90"]["psnr"] > by_format["JPEG 60"]["psnr"] > by_format["JPEG 30"]["psnr"]
    assert by_format["JPEG 90"]["bytes"] > by_format["JPEG 60"]["bytes"] > by_format["JPEG 30"]["bytes"]
    assert len(PdfReader(io.BytesIO(files[".pdf"])).pages) == 1


def test_metadata_is_read_and_none_of_it_is_in_the_batch() -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a secret prompt")
    data = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    shaded(1).save(data, "PNG", pnginfo=texts, exif=exif, icc_profile=b"secret profile")
    picture = open_picture(data.getvalue())
    assert metadata_of(picture)["parameters"] == len("a secret prompt")
    formats = ["PNG", "JPEG 90", "WebP 80", "WebP lossless", "GIF"]
    for each in batch(OperationsSettings(formats=tuple(formats)), [picture]):  # type: ignore[arg-type]
        assert b"secret" not in each.data
        assert metadata_of(Image.open(io.BytesIO(each.data))).keys() <= {"version", "jfif_version"}


def test_more_files_than_are_made_are_refused() -> None:
    wide = {"sizes": [16, 32, 64, 96, 128, 192]}
    with pytest.raises(CraftError, match="300"):
        made(OPERATIONS, wide, [shaded(n) for n in range(10)])
