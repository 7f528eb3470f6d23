"""What a server with A1111's API answers, read with care: refusals, the picture, and what it says of it.

Rule: each way in which a picture can fail has a code of its own (the texts' `[engine]`); an answer of another
shape than expected is a failure too, never an exception.
"""

import json
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import Any

from PIL import Image

from lab.engine.elsewhere import is_out_of_memory, sentence, short, whole
from lab.engine.failures import EngineFailure
from lab.engine.protocol import Failed
from lab.models.http import MOST_PICTURE, Refusal
from manifests.errors import PictureError
from manifests.pictures import open_picture
from manifests.png import PARAMETERS_KEY, parameter_pairs, read_png_text
from manifests.service import MOST_TOLD

MOST_INFO = 2**20  # characters


def refused(refusal: Refusal, address: str) -> Failed:
    """Why the server drew nothing."""
    body = refusal.body if isinstance(refusal.body, dict) else {}
    detail = body.get("detail")
    said = " ".join(_words(body.get(key)) for key in ("error", "errors", "message", "body")).strip()
    if refusal.status in (401, 403):
        return Failed("a1111_forbidden", {"status": refusal.status})
    if is_out_of_memory(f"{said} {_words(detail)}"):
        return Failed("a1111_out_of_memory")
    if refusal.status == 422 and isinstance(detail, list):
        return _invalid(detail)
    if refusal.status in (404, 405) and (not body or detail in ("Not Found", "Method Not Allowed")):
        return Failed("a1111_no_api", {"address": address})
    if refusal.status in (429, 503):
        return Failed("a1111_busy")
    reason = sentence(_words(detail) or _words(body.get("errors")) or said)
    return Failed("a1111_refused", {"status": refusal.status, "reason": reason})


def _invalid(detail: list[Any]) -> Failed:
    """The first field that is not as the server expects it."""
    first = next((each for each in detail if isinstance(each, dict)), {})
    place = first.get("loc")
    parts = [str(part) for part in place if part != "body"] if isinstance(place, list) else []
    field = short(".".join(parts)) or "?"
    return Failed("a1111_invalid", {"field": field, "reason": sentence(_words(first.get("msg")))})


@dataclass(frozen=True)
class Told:
    """What a server says of a picture, each fact as far as it is there."""

    version: str = "unknown"
    checkpoint: str = ""
    checkpoint_hash: str = ""
    seed: int | None = None
    steps: int | None = None
    sampler: str | None = None
    schedule: str | None = None
    text: str | None = None


def picture_of(answer: object) -> tuple[Image.Image, Told]:
    """The first picture of an answer and what is said of it. Raises EngineFailure where there is none."""
    images = answer.get("images") if isinstance(answer, dict) else None
    first = images[0] if isinstance(images, list) and images else None
    if not isinstance(first, str) or not first:
        raise EngineFailure("a1111_no_picture")
    try:
        data = b64decode(first.rpartition(",")[2], validate=True)
    except (Error, ValueError):
        raise EngineFailure("a1111_bad_picture", reason="base64.") from None
    try:
        image = open_picture(data, max_bytes=MOST_PICTURE)
        text = read_png_text(data).get(PARAMETERS_KEY, "")
    except PictureError as error:
        raise EngineFailure("a1111_bad_picture", reason=error) from None
    return image, _told(_info(answer.get("info") if isinstance(answer, dict) else None), text)


def _told(info: dict[str, Any], text: str) -> Told:
    """From the answer's `info`; what it lacks, from the text in the picture."""
    texts = info.get("infotexts")
    written = str(texts[0]) if isinstance(texts, list) and texts else text
    pairs = parameter_pairs(written[:MOST_TOLD])
    extra = info.get("extra_generation_params")
    schedule = extra.get("Schedule type") if isinstance(extra, dict) else None
    return Told(
        version=_fact(info.get("version")) or _fact(pairs.get("Version")) or "unknown",
        checkpoint=_fact(info.get("sd_model_name")) or _fact(pairs.get("Model")) or "",
        checkpoint_hash=_fact(info.get("sd_model_hash")) or _fact(pairs.get("Model hash")) or "",
        seed=_whole(info.get("seed"), pairs.get("Seed"), 2**63),
        steps=_whole(info.get("steps"), pairs.get("Steps"), 10_000),
        sampler=_fact(info.get("sampler_name")) or _fact(pairs.get("Sampler")),
        schedule=_fact(schedule) or _fact(pairs.get("Schedule type")),
        text=whole(written[:MOST_TOLD]) or None,
    )


def _info(told: object) -> dict[str, Any]:
    """`info` is JSON in a text; some send it as it is."""
    if isinstance(told, str) and 0 < len(told) <= MOST_INFO:
        try:
            told = json.loads(told)
        except (ValueError, RecursionError):
            return {}
    return told if isinstance(told, dict) else {}


def _whole(told: object, written: str | None, most: int) -> int | None:
    if not isinstance(told, int) and written is not None:
        text = written.strip()
        told = int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None
    good = isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= most
    return told if good and isinstance(told, int) else None


def _fact(value: object) -> str | None:
    return short(value.strip(' "'))[:200] if isinstance(value, str) and value.strip(' "') else None


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""
