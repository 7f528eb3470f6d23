"""Every picture that a model made says so in XMP; what others say there is read, not trusted."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from manifests.errors import PictureError
from manifests.manifest import Source
from manifests.pictures import MAX_XMP, open_picture, widely_read, xmp_of
from manifests.png import KEY, PARAMETERS_KEY, png_bytes, read_png_text
from manifests.store import Store
from manifests.xmp import GENERATED, TERMS, Declared, packet, read, source_type_of
from tests.manifests.conftest import make_draft, make_picture

ONE = "trainedAlgorithmicMedia"
HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    ' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
)
TAIL = "</rdf:RDF></x:xmpmeta>"


def saved(kind: str, xmp: bytes = b"") -> bytes:
    """A small picture of that format with such a packet."""
    out, picture = io.BytesIO(), make_picture(1, (64, 64))
    if kind == "TIFF":
        picture.save(out, kind, tiffinfo={700: xmp})
    else:
        picture.save(out, kind, xmp=xmp)
    return out.getvalue()


def test_the_store_marks_what_a_model_made_and_what_it_made_of_a_photo(store: Store):
    made = store.save(make_draft("one"), make_picture())
    changed = store.save(make_draft("two", source=Source(file="a.jpg", sha256="ab" * 32)), make_picture())
    terms = [read(xmp_of(record.image_path.read_bytes())).source_type for record in (made, changed)]
    assert terms == ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"]


def test_the_mark_leaves_pixels_and_texts_as_they_are():
    data = png_bytes(make_picture(3), make_draft())
    assert open_picture(data).tobytes() == make_picture(3).tobytes()
    assert {KEY, PARAMETERS_KEY} <= read_png_text(data).keys()


def test_an_upload_is_kept_to_the_byte_with_its_marks(store: Store):
    data = saved("JPEG", packet("trainedAlgorithmicMedia"))
    kept = store.source_path(store.add_source(data)).read_bytes()
    assert kept == data
    assert read(xmp_of(kept)).source_type == "trainedAlgorithmicMedia"


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "HEIF"])
def test_a_photo_that_is_written_anew_for_an_api_keeps_what_it_declared(kind: str):
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    sent, media = widely_read(saved(kind, packet("trainedAlgorithmicMedia")))
    assert (media, read(xmp_of(sent)).source_type) == ("image/png", "trainedAlgorithmicMedia")


@pytest.mark.parametrize("term", GENERATED)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_mark_is_read_in_every_format(kind: str, term: str):
    if kind == "PNG":
        assert source_type_of("text2img" if term == ONE else "img2img") == term
        source = None if term == ONE else Source(file="a.jpg", sha256="ab" * 32)
        data = png_bytes(make_picture(), make_draft(source=source))
    else:
        data = saved(kind, packet(term))  # type: ignore[arg-type]
    assert read(xmp_of(data)) == Declared(term, tool="GenAI Lab")


@pytest.mark.parametrize(
    "inner",
    [
        f' e:DigitalSourceType="{TERMS}{ONE}" photoshop:Credit="Made with X"/>',
        f"><e:DigitalSourceType>{TERMS.replace('http', 'https')}{ONE}</e:DigitalSourceType>"
        "<photoshop:Credit>Made <!-- so --> with X</photoshop:Credit></rdf:Description>",
        f' photoshop:Credit="Made with X"><e:DigitalSourceType rdf:resource="{TERMS}{ONE}"/>'
        "</rdf:Description>",
    ],
    ids=["attributes", "elements", "resource"],
)
def test_it_is_read_however_another_tool_wrote_it(inner: str):
    found = read((HEAD + inner + TAIL).encode() + b"   \n\0\0")
    assert (found.source_type, " ".join(found.credit.split())) == (ONE, "Made with X")


def test_an_unknown_term_stays_as_it_is_and_is_no_models():
    found = read((HEAD + ' e:DigitalSourceType="made by hand"/>' + TAIL).encode())
    assert found.source_type == "made by hand"
    assert not found.generated


def test_what_belongs_to_a_part_is_not_taken_for_the_whole_pictures():
    part = (
        f'><e:Part><rdf:Bag><rdf:li e:DigitalSourceType="{TERMS}{ONE}"/></rdf:Bag></e:Part></rdf:Description>'
    )
    assert read((HEAD + part + TAIL).encode()) == Declared()


LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]>' + HEAD.encode() + b"><e:DigitalSourceType>&c;"
)


@given(st.binary(max_size=300))
@example(LAUGHS + b"</e:DigitalSourceType></rdf:Description>" + TAIL.encode())
@example(b"<a>" * 200_000)
@example(b"<a " + b" ".join(b'a%d="x"' % n for n in range(50_000)))
@example(b"<?xml version='1.0' encoding='utf-7'?><a/>")
@example(b"<a>" + b" " * MAX_XMP)
@example(packet("trainedAlgorithmicMedia")[:-20])
def test_a_broken_or_evil_packet_declares_nothing(junk: bytes):
    assert read(junk) == Declared()
    assert read(HEAD.encode() + junk + b"<") == Declared()


@given(st.binary(max_size=300), st.integers(0, 200))
def test_broken_pictures_are_refused_or_read(junk: bytes, at: int):
    whole = png_bytes(make_picture(), make_draft())
    for data in (junk, whole[:at] + junk + whole[at:], whole[:at] + junk):
        try:
            read(xmp_of(data))
        except PictureError:
            continue


def test_saving_again_by_pillow_loses_the_mark():
    out = io.BytesIO()
    Image.open(io.BytesIO(png_bytes(make_picture(), make_draft()))).save(out, "PNG")
    assert read(xmp_of(out.getvalue())) == Declared()
