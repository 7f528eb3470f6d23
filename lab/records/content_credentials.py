"""Content Credentials (C2PA) of a picture: whether there are some, who signed them, whether they hold.

Rule: that there are some is seen without any library; the extra `c2pa` checks them. No address that a file
names is asked for anything, and what it says is bounded before anybody reads it.
"""

import importlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

from grading.wording import shown
from manifests.pictures import FORMATS, picture_extension
from manifests.xmp import TERMS

State = Literal["holds", "broken", "unchecked"]

ORIGIN = "genai-lab.origin"  # the assertion that a gateway signs (`gateway.credentials.Origin`)
NO_ADDRESSES = {"remote_manifest_fetch": False, "ocsp_fetch": False}
MAX_SIDECAR = 4 * 1024 * 1024
MOST_CODES = 10
MOST_SEGMENTS = 100_000
_UNKNOWN_SIGNER = "signingCredential.untrusted"  # says nothing against the picture
_OTHER_BYTES = "assertion.dataHash.mismatch"


@dataclass(frozen=True)
class ContentCredentials:
    """What was found. `trusted`: by a root that was given, None where none was.

    `elsewhere`: the file only names an address. `pixels_sha256`: what a gateway signed of them, where the
    signature itself holds. `codes`: C2PA's own words for what fails.
    """

    state: State
    signer: str = ""
    generator: str = ""
    source_types: tuple[str, ...] = ()
    model: str = ""
    sources: int = 0
    trusted: bool | None = None
    elsewhere: bool = False
    pixels_sha256: str = ""
    codes: tuple[str, ...] = ()


def library() -> ModuleType | None:
    """The package `c2pa`, if it is installed."""
    try:
        return importlib.import_module("c2pa")
    except ImportError:
        return None


def credentials_of(
    data: bytes, beside: bytes | None = None, root: str | None = None
) -> ContentCredentials | None:
    """What a picture's file has, or the file `.c2pa` beside it; None where there is nothing.

    `root`: certificates as PEM whose signers count as known. Raises PictureError for what is no picture.
    """
    media = f"image/{FORMATS[picture_extension(data)].lower()}"
    there, c2pa = beside is not None or has_credentials(data), library()
    if c2pa is None:
        return ContentCredentials("unchecked") if there else None
    trust = {"trust": {"user_anchors": root}} if root else {}
    try:
        with (
            c2pa.Context.from_dict({"verify": NO_ADDRESSES, **trust}) as context,
            c2pa.Reader(media, io.BytesIO(data), manifest_data=beside, context=context) as reader,
        ):
            told = json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return ContentCredentials("broken") if there else None
    except c2pa.C2paError.NotSupported:
        return ContentCredentials("unchecked") if there else None
    except (c2pa.C2paError, ValueError, RecursionError) as error:
        if str(error).startswith("Remote") and not there:
            return ContentCredentials("unchecked", elsewhere=True)
        return ContentCredentials("broken") if there else None
    return _read(told, trusted_asked=root is not None)


def has_credentials(data: bytes) -> bool:
    """Whether a PNG, JPEG or WebP holds Content Credentials, checked or not."""
    extension = picture_extension(data)
    if extension == ".png":
        return any(name == b"caBX" for name, _ in _chunks(data, 8, png=True))
    if extension == ".webp":
        return any(name == b"C2PA" for name, _ in _chunks(data, 12, png=False))
    return extension == ".jpg" and any(b"jumdc2pa" in part for part in _app11(data))


def _chunks(data: bytes, at: int, *, png: bool) -> Iterator[tuple[bytes, int]]:
    """Name and length of each chunk of a PNG, or of a RIFF file."""
    for _ in range(MOST_SEGMENTS):
        head = data[at : at + 8]
        if len(head) < 8:
            return
        name, length = (
            (head[4:], int.from_bytes(head[:4], "big"))
            if png
            else (head[:4], int.from_bytes(head[4:], "little"))
        )
        yield name, length
        at += 8 + length + (4 if png else length % 2)


def _app11(data: bytes) -> Iterator[bytes]:
    """The beginnings of a JPEG's segments APP11, as far as its picture."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xD9, 0xDA):
            return
        if head[1] == 0xFF:  # a byte that fills
            at += 1
            continue
        if head[1] == 0xEB:
            yield data[at + 4 : at + 124]
        at += 2 + max(int.from_bytes(head[2:], "big"), 2)


def _read(told: Any, *, trusted_asked: bool) -> ContentCredentials:
    """The library's report, in which each text is the file's own."""
    active = _table(_table(_table(told).get("manifests")).get(str(_table(told).get("active_manifest"))))
    signature = _table(active.get("signature_info"))
    generators = [_table(each).get("name") for each in _list(active.get("claim_generator_info"))]
    assertions = [_table(each) for each in _list(active.get("assertions"))]
    actions = [
        _table(action)
        for each in assertions
        if str(each.get("label")).startswith("c2pa.actions")
        for action in _list(_table(each.get("data")).get("actions"))
    ]
    types = dict.fromkeys(
        _text(action["digitalSourceType"]).removeprefix(TERMS)
        for action in actions
        if "digitalSourceType" in action
    )
    origin = next((_table(each.get("data")) for each in assertions if each.get("label") == ORIGIN), {})
    results = _table(_table(_table(told).get("validation_results")).get("activeManifest"))
    good, bad = (_codes(results.get(name)) for name in ("success", "failure"))
    signed = "claimSignature.validated" in good
    failures = tuple(code for code in bad if code != _UNKNOWN_SIGNER)[:MOST_CODES]
    state = _text(_table(told).get("validation_state"))
    return ContentCredentials(
        state="holds" if state in ("Valid", "Trusted") else "broken",
        signer=_text(signature.get("common_name")) or _text(signature.get("issuer")),
        generator=_text(next(iter(generators), "")),
        source_types=tuple(types)[:MOST_CODES],
        model=_text(origin.get("model")),
        sources=len(_list(active.get("ingredients"))),
        trusted=signed and "signingCredential.trusted" in good if trusted_asked else None,
        pixels_sha256=_text(origin.get("pixels_sha256")) if signed and {*failures} <= {_OTHER_BYTES} else "",
        codes=failures,
    )


def _codes(statuses: object) -> list[str]:
    return list(dict.fromkeys(_text(_table(each).get("code")) for each in _list(statuses)))


def _text(value: object) -> str:
    return shown(value) if isinstance(value, str) else ""


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
