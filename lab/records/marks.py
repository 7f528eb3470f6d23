"""What a picture, ours or another's, declares of its origin, and whether that holds.

Rule: everything in the file is what somebody wrote there. A mark holds where something can be compared (the
pixels with their hash, a signature with the bytes) and fits; most marks can only be told. A picture that
declares nothing proves nothing.
"""

import io
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image, IptcImagePlugin

from exercises.i18n import Translate
from grading.wording import shown
from lab.records.content_credentials import ContentCredentials, credentials_of
from lab.records.read_parameters import read_parameters
from manifests.errors import JsonError
from manifests.pictures import FORMATS, open_picture, picture_extension, xmp_of
from manifests.png import KEY, pixels_sha256, read_png_text
from manifests.strict_json import parse
from manifests.xmp import GENERATED, read

Kind = Literal["source_type", "credit", "tool", "camera", "lab", "parameters", "credentials"]
State = Literal["told", "holds", "broken", "unchecked"]

MAX_TEXT = 64 * 1024  # bytes of the lab's own text
TERMS: dict[str, str] = {  # IPTC's terms that speak of a model, as keys of the catalogue
    "trainedAlgorithmicMedia": "marks.term.trained",
    "compositeWithTrainedAlgorithmicMedia": "marks.term.composite",
}
_SOFTWARE, _MAKE, _MODEL = 0x0131, 0x010F, 0x0110  # of EXIF
_IIM_CREDIT = (2, 110)


@dataclass(frozen=True)
class Mark:
    """One thing that a picture says, as a line of text; `state` is whether it fits where that can be seen."""

    kind: Kind
    says: str
    state: State = "told"


@dataclass(frozen=True)
class Marks:
    """All that a picture says of its origin."""

    format: str
    found: tuple[Mark, ...]
    credentials: ContentCredentials | None
    pixels_sha256: str

    @property
    def generated(self) -> bool:
        """Whether anything in it says that a model made it, or had a part in it."""
        return any(
            mark.kind in ("lab", "parameters") or (mark.kind == "source_type" and mark.says in GENERATED)
            for mark in self.found
        ) or any(term in GENERATED for term in (self.credentials.source_types if self.credentials else ()))

    @property
    def hold(self) -> bool:
        """Whether no mark is broken."""
        return not any(mark.state == "broken" for mark in self.found)

    @property
    def only_rewritten(self) -> bool:
        """Whether the file is not the signed one, but its pixels are."""
        return (
            self.credentials is not None
            and self.credentials.state == "broken"
            and self.credentials.pixels_sha256 == self.pixels_sha256
        )


def marks_of(data: bytes, beside: bytes | None = None, root: str | None = None) -> Marks:
    """The marks of a picture's file; `beside` is the file `.c2pa` next to it, `root` as in `credentials_of`.

    Raises PictureError for what is no whole picture.
    """
    pixels = pixels_sha256(open_picture(data))
    declared, credentials = read(xmp_of(data)), credentials_of(data, beside, root)
    found = [
        Mark("source_type", shown(declared.source_type)),
        Mark("credit", shown(declared.credit)),
        Mark("tool", shown(declared.tool)),
        *_from_exif(data),
        *_from_lab(data, pixels),
        *_from_others(data),
    ]
    if credentials is not None:
        found.append(Mark("credentials", credentials.signer, credentials.state))
    said = dict.fromkeys(mark for mark in found if mark.says or mark.kind == "credentials")
    return Marks(FORMATS[picture_extension(data)], tuple(said), credentials, pixels)


def in_words(mark: Mark, t: Translate) -> str:
    """One mark as a line of text; of Content Credentials the command line says more."""
    says = term_in_words(mark.says, t) if mark.kind == "source_type" else mark.says
    if mark.kind == "credentials":
        return t(f"marks.credentials.{mark.state}", signer=says or "?", codes="")
    line = t(f"marks.kind.{mark.kind}", says=says)
    return line if mark.state == "told" else f"{line} {t(f'marks.lab.{mark.state}')}"


def term_in_words(term: str, t: Translate) -> str:
    """IPTC's term in words, where it speaks of a model."""
    return t(TERMS.get(term, "marks.term.other"), term=term)


def _from_lab(data: bytes, pixels: str) -> list[Mark]:
    """The lab's own text in a PNG; those from before it named the pixels cannot be compared."""
    text = read_png_text(data).get(KEY)
    if text is None:
        return []
    try:
        told = parse(text.encode("utf-8", "replace"), max_bytes=MAX_TEXT)
    except JsonError:
        told = None
    model = told.get("model") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(model, dict):
        return [Mark("lab", "?", "broken")]
    named = told.get("pixels_sha256")
    state: State = "unchecked" if named is None else "holds" if named == pixels else "broken"
    return [Mark("lab", shown(model.get("id", "?")), state)]


def _from_others(data: bytes) -> list[Mark]:
    """The texts of other tools that make pictures."""
    told = read_parameters(data)
    return [Mark("parameters", told.origin)] if told and told.origin != "lab" else []


def _from_exif(data: bytes) -> list[Mark]:
    """Software and camera as EXIF names them, and the credit of IPTC's older form."""
    try:
        with Image.open(io.BytesIO(data), formats=(FORMATS[picture_extension(data)],)) as image:
            exif: Any = image.getexif()
            told = [exif.get(tag) for tag in (_SOFTWARE, _MAKE, _MODEL)]
            iptc: Any = IptcImagePlugin.getiptcinfo(image) or {}
            credit = iptc.get(_IIM_CREDIT)
    except Exception:  # decoders raise what they like on broken data
        return []
    software, make, model = (shown(each.strip("\0 ")) if isinstance(each, str) else "" for each in told)
    words = credit.decode("utf-8", "replace") if isinstance(credit, bytes) else ""
    return [Mark("tool", software), Mark("camera", f"{make} {model}".strip()), Mark("credit", shown(words))]
