"""What a picture declares of its origin is told, checked where it can be, and never believed."""

import io
import json
import zlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from gateway.credentials import Credentials, Origin
from lab.records import content_credentials
from lab.records.content_credentials import has_credentials
from lab.records.export import exported
from lab.records.marks import Mark, marks_of
from manifests.errors import PictureError
from manifests.manifest import Source
from manifests.pictures import open_picture
from manifests.png import KEY, pixels_sha256, png_bytes, read_png_text
from tests.lab.records.test_read_parameters import A1111, png
from tests.manifests.conftest import make_draft, make_picture

MADE = png_bytes(make_picture(1, (32, 32)), make_draft())
PLAIN = Image.new("RGB", (8, 8), "red")


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def signed(credentials: Credentials) -> bytes:
    return credentials.signed(MADE, origin_of(MADE))


def origin_of(data: bytes) -> Origin:
    return Origin.of(make_draft(), pixels_sha256(open_picture(data)))


def saved(kind: str, picture: Image.Image = PLAIN, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_text(text: str, picture: Image.Image = PLAIN) -> bytes:
    texts = PngInfo()
    texts.add_text(KEY, text)
    return saved("PNG", picture, pnginfo=texts)


def test_a_picture_of_the_labs_says_what_made_it_and_its_pixels_fit():
    found = marks_of(MADE)
    assert found.found == (
        Mark("source_type", "trainedAlgorithmicMedia"),
        Mark("tool", "GenAI Lab"),
        Mark("lab", "mini", "holds"),
    )
    assert found.generated
    assert found.hold


def test_one_made_of_a_photo_says_that():
    data = png_bytes(make_picture(), make_draft(source=Source(file="a.jpg", sha256="ab" * 32)))
    assert Mark("source_type", "compositeWithTrainedAlgorithmicMedia") in marks_of(data).found


def test_the_labs_text_in_another_picture_does_not_hold():
    found = marks_of(with_text(read_png_text(MADE)[KEY]))
    assert found.found == (Mark("lab", "mini", "broken"),)
    assert not found.hold


def test_one_from_before_the_hash_was_in_it_can_only_be_told():
    facts = json.loads(read_png_text(MADE)[KEY])
    del facts["pixels_sha256"]
    found = marks_of(with_text(json.dumps(facts)))
    assert (found.found, found.hold) == ((Mark("lab", "mini", "unchecked"),), True)


@pytest.mark.parametrize(
    "text", ["", "[", "[]", '{"model": 3}', '{"model": {"id": "m"}, "pixels_sha256": 4}']
)
def test_a_damaged_text_does_not_hold(text: str):
    assert not marks_of(with_text(text)).hold


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_an_exported_picture_still_says_so(kind: str):
    found = marks_of(exported(MADE, kind, "trainedAlgorithmicMedia"))  # type: ignore[arg-type]
    assert Mark("source_type", "trainedAlgorithmicMedia") in found.found
    assert Mark("parameters", "a1111") in found.found


def test_saving_again_by_pillow_loses_all_marks():
    found = marks_of(saved("PNG", Image.open(io.BytesIO(MADE))))
    assert (found.found, found.generated, found.hold) == ((), False, True)


def test_other_tools_cameras_and_credits_are_told():
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = "Canon\0", "EOS", "darktable\x1b[31m"
    assert marks_of(saved("JPEG", exif=exif)).found == (
        Mark("tool", "darktable?[31m"),
        Mark("camera", "Canon EOS"),
    )
    assert marks_of(png(parameters=A1111)).found == (Mark("parameters", "a1111"),)
    credit = b"\x1c\x02\x6e" + len(b"Made with X").to_bytes(2, "big") + b"Made with X"
    block = b"8BIM\x04\x04\0\0" + len(credit).to_bytes(4, "big") + credit + b"\0" * (len(credit) % 2)
    segment = b"Photoshop 3.0\0" + block
    jpeg = saved("JPEG")
    jpeg = jpeg[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:]
    assert marks_of(jpeg).found == (Mark("credit", "Made with X"),)


def test_content_credentials_hold_and_a_gateways_is_known_by_its_root(
    credentials: Credentials, signed: bytes
):
    found = marks_of(signed, root=credentials.root)
    assert Mark("credentials", "GenAI Lab gateway: pictures", "holds") in found.found
    assert found.credentials
    assert found.credentials.trusted
    assert found.hold


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_without_the_library_it_is_seen_that_there_are_some(
    credentials: Credentials, kind: str, monkeypatch: pytest.MonkeyPatch
):
    import c2pa

    data, out = saved(kind), io.BytesIO()
    with (
        c2pa.Signer.from_callback(
            credentials._key.sign, c2pa.C2paSigningAlg.ED25519, credentials._chain
        ) as signer,
        c2pa.Builder("{}") as builder,
    ):
        builder.set_intent(
            c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.TRAINED_ALGORITHMIC_MEDIA
        )
        builder.sign(signer, f"image/{kind.lower()}", io.BytesIO(data), out)
    assert [has_credentials(each) for each in (data, out.getvalue())] == [False, True]
    assert marks_of(out.getvalue()).generated
    monkeypatch.setattr(content_credentials, "library", lambda: None)
    found = marks_of(out.getvalue())
    assert (found.found, found.hold) == ((Mark("credentials", "", "unchecked"),), True)
    assert marks_of(data).found == ()


def test_a_file_written_anew_beside_its_sidecar_is_told_from_another_picture(credentials: Credentials):
    sidecar = credentials.sidecar(MADE, origin_of(MADE))
    again = marks_of(saved("PNG", open_picture(MADE)), sidecar, credentials.root)
    other = marks_of(saved("PNG"), sidecar, credentials.root)
    assert [again.hold, other.hold] == [False, False]
    assert [again.only_rewritten, other.only_rewritten] == [True, False]
    assert marks_of(MADE, sidecar).hold


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 40_000), st.binary(max_size=60), st.booleans())
@example(0, b"", True)
def test_any_bytes_are_marks_or_the_errors_of_this_project(signed: bytes, at: int, junk: bytes, cut: bool):
    at %= len(signed)
    for data in (junk, signed[:at] + junk + (b"" if cut else signed[at + len(junk) :])):
        try:
            marks_of(data, junk if cut else None)
        except PictureError:
            continue


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 40_000), st.binary(max_size=30), st.sampled_from(["JPEG", "WEBP", "GIF", "TIFF", "AVIF"])
)
def test_so_it_is_with_other_formats(at: int, junk: bytes, kind: str):
    data = saved(kind)
    at %= len(data)
    try:
        marks_of(data[:at] + junk + data[at + len(junk) :])
    except PictureError:
        return


def test_a_damaged_sidecar_or_box_does_not_hold(credentials: Credentials, signed: bytes):
    sidecar = credentials.sidecar(MADE, origin_of(MADE))
    for broken in (b"", b"junk", sidecar[:500], sidecar.replace(b"mini", b"maxi")):
        assert not marks_of(MADE, broken).hold
    start = signed.index(b"jumb")
    assert not marks_of(with_right_sums(signed[:start] + b"junk" + signed[start + 4 :])).hold


def with_right_sums(data: bytes) -> bytes:
    """The PNG with the checksums that its chunks have now."""
    out, at = data[:8], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + length
    return out
