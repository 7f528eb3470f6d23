"""A gateway's Content Credentials: made with the real library, and checked by it."""

import io
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import patch

import pytest
from PIL import Image

import gateway.credentials
from exercises.errors import MissingExtra
from exercises.i18n import LANGUAGES
from gateway.credentials import MOST_ADDED, Credentials, CredentialsError, Origin
from gateway.keys import SigningKeys
from lab.records.content_credentials import ContentCredentials, credentials_of, has_credentials
from lab.records.marks import marks_of
from manifests.errors import PictureError
from manifests.manifest import Source
from manifests.pictures import open_picture
from manifests.png import pixels_sha256, png_bytes, read_png_text
from manifests.receipts import request_digest
from tests.manifests.conftest import make_draft, make_picture

PHOTO = Source(file="photo.jpg", sha256="ab" * 32)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("state"), "TP2, University of X")


def made(seed: int = 1, source: Source | None = None) -> tuple[bytes, Origin]:
    """A picture's file as the store writes it, and its origin."""
    picture, draft = make_picture(seed, (64, 64)), make_draft(source=source)
    return png_bytes(picture, draft), Origin.of(draft, pixels_sha256(picture))


def saved(kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    make_picture(3, (64, 64)).save(out, kind, **options)
    return out.getvalue()


def found(data: bytes, beside: bytes | None = None, root: str | None = None) -> ContentCredentials:
    told = credentials_of(data, beside, root)
    assert told is not None
    return told


def test_a_signed_picture_keeps_pixels_and_texts_and_says_by_whom_of_what(credentials: Credentials):
    data, origin = made()
    signed = credentials.signed(data, origin)
    assert open_picture(signed).tobytes() == open_picture(data).tobytes()
    assert read_png_text(signed) == read_png_text(data)
    assert has_credentials(signed)
    assert not has_credentials(data)
    told = found(signed, root=credentials.root)
    assert (told.state, told.trusted) == ("holds", True)
    assert told.signer == "TP2, University of X: pictures"
    assert (told.source_types, told.model, told.sources) == (("trainedAlgorithmicMedia",), "mini", 0)
    assert told.pixels_sha256 == origin.pixels_sha256


def test_what_is_signed_holds_the_requests_digest_and_no_students_name(credentials: Credentials):
    import c2pa

    data, origin = made()
    report = c2pa.Reader("image/png", io.BytesIO(credentials.signed(data, origin))).json()
    assert request_digest(make_draft().request) in report
    assert '"effective_steps": 30' in report
    assert "ada" not in report


def test_signing_adds_little_and_takes_no_thumbnail(credentials: Credentials):
    data, origin = made()
    assert len(credentials.signed(data, origin)) - len(data) < 14_000


def test_another_courses_root_does_not_know_the_signer(credentials: Credentials, tmp_path: Path):
    signed = credentials.signed(*made())
    other = Credentials(tmp_path, "TP2, University of X")  # of the same name
    assert found(signed, root=other.root).trusted is False
    assert found(signed).trusted is None


def test_one_changed_byte_of_the_picture_is_found(credentials: Credentials):
    """C2PA leaves its own box out, in which there is room that no signature covers."""
    signed = credentials.signed(*made())
    start = signed.index(b"caBX") - 4
    own = range(start, start + 12 + int.from_bytes(signed[start : start + 4], "big"))
    for at in (at for at in range(8, len(signed), 61) if at not in own):
        changed = bytearray(signed)
        changed[at] ^= 1
        try:
            marks = marks_of(bytes(changed))
        except PictureError:
            continue
        assert not marks.hold, at


def test_saving_again_loses_them(credentials: Credentials):
    out = io.BytesIO()
    Image.open(io.BytesIO(credentials.signed(*made()))).save(out, "PNG")
    assert credentials_of(out.getvalue()) is None


def test_a_picture_made_from_another_one_keeps_that_ones_credentials(credentials: Credentials):
    first = credentials.signed(*made())
    second = credentials.signed(*made(2, PHOTO), first)
    told = found(second, root=credentials.root)
    assert (told.state, told.sources) == ("holds", 1)
    assert told.source_types == ("compositeWithTrainedAlgorithmicMedia",)
    import c2pa

    report = c2pa.Reader("image/png", io.BytesIO(second)).json()
    assert "trainedAlgorithmicMedia" in report.replace("compositeWithTrainedAlgorithmicMedia", "")
    assert "photo.jpg" not in report.replace(read_png_text(second)["genai-lab"], "")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF"])
def test_the_source_may_be_of_any_format_that_can_be_uploaded(credentials: Credentials, kind: str):
    import pillow_heif

    pillow_heif.register_heif_opener()
    told = found(credentials.signed(*made(2, PHOTO), saved(kind)))
    assert (told.state, told.sources) == ("holds", 1)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_a_sidecar_vouches_for_a_picture_whose_bytes_stay(credentials: Credentials, kind: str):
    data = saved(kind)
    origin = made()[1].model_copy(
        update={"pixels_sha256": pixels_sha256(open_picture(data)), "kind": "witnessed"}
    )
    sidecar = credentials.sidecar(data, origin)
    told = found(data, sidecar, credentials.root)
    assert (told.state, told.trusted) == ("holds", True)
    assert found(saved(kind) + b"x" if kind == "JPEG" else made()[0], sidecar).state == "broken"


def test_only_pixels_that_were_vouched_for_are_signed(credentials: Credentials):
    (data, _), (_, other) = made(1), made(2)
    with pytest.raises(CredentialsError, match="pixels"):
        credentials.signed(data, other)


def test_a_picture_that_declares_another_origin_is_not_signed(credentials: Credentials):
    data, origin = made()
    with pytest.raises(CredentialsError, match="mark"):
        credentials.signed(
            data, origin.model_copy(update={"source_type": "compositeWithTrainedAlgorithmicMedia"})
        )


@pytest.mark.parametrize("data", [b"", b"junk", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_not_signed(credentials: Credentials, data: bytes):
    with pytest.raises(CredentialsError, match="picture"):
        credentials.signed(data, made()[1])
    with pytest.raises(CredentialsError, match="source"):
        credentials.signed(*made(2, PHOTO), data)


def test_a_sources_own_credentials_are_bounded(credentials: Credentials):
    signed = credentials.signed(*made())
    with (
        patch.object(gateway.credentials, "MOST_ADDED", 20_000),
        pytest.raises(CredentialsError, match="too_large"),
    ):
        credentials.signed(*made(2, PHOTO), signed)
    assert MOST_ADDED > 100_000


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """An address, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/credentials.c2pa", asked
        server.shutdown()


def test_no_address_that_a_picture_names_is_asked(credentials: Credentials):
    """By its default settings the library asks it, when a picture is read and when it becomes a source."""
    import c2pa

    with listening() as (address, asked):
        xmp = (
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dcterms="http://purl.org/dc/terms/"'
            f' dcterms:provenance="{address}"/></rdf:RDF></x:xmpmeta>'
        )
        data = saved("JPEG", xmp=xmp.encode())
        with pytest.raises(c2pa.C2paError):
            c2pa.Reader("image/jpeg", io.BytesIO(data))
        assert asked == ["/credentials.c2pa"]
        asked.clear()
        told = found(data)
        assert (told.state, told.elsewhere) == ("unchecked", True)
        credentials.signed(*made(2, PHOTO), data)
        assert asked == []


def test_the_key_is_for_its_owner_alone_outlasts_a_restart_and_is_not_the_receipts(tmp_path: Path):
    receipts = SigningKeys(tmp_path)
    first = Credentials(tmp_path)
    file = tmp_path / "credentials.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Credentials(tmp_path).root == first.root
    assert found(Credentials(tmp_path).signed(*made()), root=first.root).trusted
    private = file.read_bytes().split(b"-----END PRIVATE KEY-----")[0]
    assert private not in (tmp_path / "signing.pem").read_bytes()
    assert file.read_bytes().count(b"PRIVATE KEY-----") == 2  # the root's own is kept nowhere
    assert "PRIVATE" not in first.root
    assert receipts.signing.public_key() != first._key.public_key()


def test_several_threads_sign_at_once(credentials: Credentials):
    states: list[str] = []

    def sign(seed: int) -> None:
        states.extend(found(credentials.signed(*made(seed))).state for _ in range(10))

    threads = [threading.Thread(target=sign, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["holds"] * 40


def test_without_the_library_it_says_which_extra_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gateway.credentials, "library", lambda: None)
    with pytest.raises(MissingExtra) as raised:
        Credentials(tmp_path)
    assert all("genai-lab[c2pa]" in raised.value.in_language(language) for language in LANGUAGES)
