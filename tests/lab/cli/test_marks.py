"""`genai-lab marks` says in words, or as JSON, what pictures declare; its exit code says whether it holds."""

import io
import json
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

import genai_lab
from exercises.i18n import LANGUAGES, Language
from gateway.credentials import Credentials, Origin
from lab.records import content_credentials
from manifests.png import pixels_sha256, png_bytes
from tests.lab.records.test_marks import with_right_sums
from tests.manifests.conftest import make_draft, make_picture

PICTURE = make_picture(1, (32, 32))
MADE = png_bytes(PICTURE, make_draft())


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("state"))


@pytest.fixture
def folder(tmp_path: Path, credentials: Credentials) -> Path:
    origin = Origin.of(make_draft(), pixels_sha256(PICTURE))
    signed = credentials.signed(MADE, origin)
    (tmp_path / "made.png").write_bytes(MADE)
    (tmp_path / "signed.png").write_bytes(signed)
    (tmp_path / "changed.png").write_bytes(with_right_sums(signed.replace(b"a bag", b"a bug")))
    (tmp_path / "root.pem").write_text(credentials.root)
    Image.open(io.BytesIO(signed)).save(tmp_path / "again.png")
    (tmp_path / "kept.png").write_bytes(MADE)
    (tmp_path / "kept.c2pa").write_bytes(credentials.sidecar(MADE, origin))
    return tmp_path


def said(
    *arguments: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: Language = "en",
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `genai-lab marks`."""
    monkeypatch.setenv("GENAI_LANGUAGE", language)
    monkeypatch.setattr(sys, "argv", ["genai-lab", "marks", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        genai_lab.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("made.png", 0, ["a model made it", "made by a trained model", "The pixels are those it names"]),
        ("signed.png", 0, ["“GenAI Lab gateway: pictures”: they hold", "nobody here vouches"]),
        ("kept.png", 0, ["“GenAI Lab gateway: pictures”: they hold"]),
        ("changed.png", 1, ["do not hold"]),
        ("again.png", 0, ["declares nothing of its origin", "lose all marks"]),
    ],
)
def test_it_says_what_is_declared_and_whether_it_holds(
    folder: Path,
    name: str,
    code: int,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    ended, out, err = said(folder / name, monkeypatch=monkeypatch, capsys=capsys)
    assert (ended, err) == (code, "")
    assert [word for word in words if word not in out] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gateways_signature_is_known_by_its_root(
    folder: Path, language: Language, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    arguments = (folder / "signed.png", "--trust", folder / "root.pem")
    ended, out, _ = said(*arguments, monkeypatch=monkeypatch, capsys=capsys, language=language)
    assert ended == 0
    assert {"en": "the gateway whose root", "fr": "la passerelle dont vous avez donné"}[language] in out


def test_json_is_one_document_about_every_picture(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    names = ["made.png", "changed.png", "again.png"]
    arguments = ("--json", *(folder / name for name in names), "--trust", folder / "root.pem")
    ended, out, err = said(*arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert (ended, err) == (1, "")
    told = json.loads(out)["images"]
    assert [Path(each["image"]).name for each in told] == names
    assert [(each["generated"], each["holds"]) for each in told] == [
        (True, True),
        (True, False),
        (False, True),
    ]
    assert told[1]["credentials"]["codes"] == ["assertion.dataHash.mismatch"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("bad", ["gone.png", "root.pem", ".", "pipe", "large.png", "--trust"])
def test_what_is_no_picture_ends_in_one_line_and_2(
    folder: Path,
    bad: str,
    language: Language,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    os.mkfifo(folder / "pipe")
    with (folder / "large.png").open("wb") as file:
        file.truncate(40 * 2**20)
    arguments = (folder / "made.png", bad, folder / "made.png") if bad == "--trust" else (folder / bad,)
    ended, out, err = said(*arguments, monkeypatch=monkeypatch, capsys=capsys, language=language)
    assert (ended, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_nothing_in_a_name_or_a_text_colours_the_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    exif = Image.Exif()
    exif[0x0131] = "\x1b[31m\x9b1m\u202eevil"
    name = folder / "a\x1b[31m.jpg"
    PICTURE.save(name, "JPEG", exif=exif)
    _, out, _ = said(name, monkeypatch=monkeypatch, capsys=capsys)
    assert "evil" in out
    assert [c for c in out if not c.isprintable() and c != "\n"] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_the_extra_it_says_that_there_are_credentials_and_what_checks_them(
    folder: Path, language: Language, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(content_credentials, "library", lambda: None)
    ended, out, _ = said(folder / "signed.png", monkeypatch=monkeypatch, capsys=capsys, language=language)
    assert ended == 0
    assert "Content Credentials" in out
    assert "genai-lab[c2pa]" in out
