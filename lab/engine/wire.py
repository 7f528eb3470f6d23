"""A job over HTTP: what is asked, and its events as lines of JSON. Spoken by `remote.py` and the gateway.

Pictures travel as base64: the finished one and the film as PNG, which loses nothing, previews as JPEG.
Everything that comes in is checked against the shapes below before it is used.
"""

import base64
import io
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from exercises.errors import UserError
from exercises.i18n import LANGUAGES, Language
from lab.engine.protocol import (
    Cancelled,
    Done,
    Event,
    Failed,
    Loading,
    Picture,
    Queued,
    Restarted,
    Step,
    Unreachable,
    Value,
)
from manifests.draft import Drawn
from manifests.manifest import Adherence, Request
from manifests.masks import MAX_MASK_BYTES
from manifests.pictures import open_picture

PATH = "/v1/drawings"
MOST_BYTES = 20 * 2**20  # of a picture to begin with
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
_DRAWN: TypeAdapter[Drawn] = TypeAdapter(Drawn)


class Asked(BaseModel):
    """`POST /v1/drawings`. The same `key` again is the same job, which is drawn once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    model: Annotated[str, Field(max_length=200)]
    request: Request
    source: Annotated[str, Field(max_length=MOST_BYTES * 4 // 3 + 4)] | None = None  # base64
    mask: Annotated[str, Field(max_length=MAX_MASK_BYTES * 4 // 3 + 4)] | None = None  # base64
    film: Annotated[int, Field(ge=0, le=50)] = 0
    background: bool = False

    def sent(self) -> dict[str, Any]:
        """What goes over the wire; what a gateway may not know yet is left out where it is not needed."""
        plain = {name for name in ("background", "mask") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude=plain)


class Said(UserError):
    """What an error of the other side says of itself, in each language."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__(texts.get("en", ""))
        self.texts = texts

    def in_language(self, language: Language) -> str:
        return self.texts.get(language) or self.texts.get("en", "")


class _Line(BaseModel):
    """One line: an event's name and its fields."""

    model_config = ConfigDict(extra="ignore")

    event: Literal["queued", "loading", "step", "done", "failed", "cancelled", "unreachable", "restarted"]
    position: int = 0
    remaining: float | None = None
    model: str = ""
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    image: str | None = None  # base64: the picture, or a preview
    film: tuple[str, ...] = ()
    drawn: JsonValue = None
    signed: bool = False  # the picture's file is to be kept as it is
    judged: bool = False
    adherence: Adherence | None = None
    code: str = ""
    values: Mapping[str, str | int | float | dict[str, str]] = Field(default_factory=dict)


def as_line(event: Event) -> bytes:
    """The event in one line, its end included."""
    match event:
        case Queued(position=position, remaining=remaining):
            line = _Line(event="queued", position=position, remaining=remaining)
        case Loading(model=model):
            line = _Line(event="loading", model=model)
        case Step() as step:
            preview = None if step.preview is None else _packed(step.preview, "JPEG")
            line = _Line(
                event="step",
                step=step.step,
                steps=step.steps,
                seconds=step.seconds,
                remaining=step.remaining,
                image=preview,
            )
        case Done(picture=picture):
            line = _Line(
                event="done",
                image=_packed(picture.image, "PNG") if picture.file is None else _base64(picture.file),
                signed=picture.file is not None,
                film=tuple(_packed(frame, "PNG") for frame in picture.film),
                drawn=_DRAWN.dump_python(picture.drawn, mode="json", by_alias=True),
                judged=picture.judged,
                adherence=picture.adherence,
            )
        case Failed(code=code, values=values):
            line = _Line(
                event="failed", code=code, values={name: _said(value) for name, value in values.items()}
            )
        case Cancelled():
            line = _Line(event="cancelled")
        case Unreachable():
            line = _Line(event="unreachable")
        case Restarted():
            line = _Line(event="restarted")
    return line.model_dump_json(exclude_defaults=True).encode() + b"\n"


def as_event(line: bytes) -> Event:
    """The event of a line. Raises ValueError (pydantic's, or of a picture that is none)."""
    read = _Line.model_validate_json(line)
    match read.event:
        case "queued":
            return Queued(read.position, read.remaining)
        case "loading":
            return Loading(read.model)
        case "step":
            preview = None if read.image is None else _unpacked(read.image)
            return Step(read.step, read.steps, read.seconds, read.remaining or 0.0, preview)
        case "done":
            drawn = _DRAWN.validate_python(read.drawn)
            image, *film = (_unpacked(each) for each in (read.image or "", *read.film))
            file = base64.b64decode(read.image or "", validate=True) if read.signed else None
            return Done(Picture(image, drawn, film, read.judged, read.adherence, file))
        case "failed":
            values = {name: Said(v) if isinstance(v, dict) else v for name, v in read.values.items()}
            return Failed(read.code, values)
        case "cancelled":
            return Cancelled()
        case "unreachable":
            return Unreachable()
        case "restarted":
            return Restarted()


def packed_source(source: bytes | None) -> str | None:
    """The picture to begin with, as it travels."""
    return None if source is None else _base64(source)


def unpacked_source(source: str | None) -> bytes | None:
    """Raises ValueError where it is no base64."""
    return None if source is None else base64.b64decode(source, validate=True)


def _said(value: Value) -> Any:
    if isinstance(value, UserError):
        return {language: value.in_language(language) for language in LANGUAGES}
    return value


def _packed(image: Image.Image, form: Literal["PNG", "JPEG"]) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **({"compress_level": 1} if form == "PNG" else {"quality": 85}))
    return _base64(buffer.getvalue())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unpacked(text: str) -> Image.Image:
    return open_picture(base64.b64decode(text, validate=True))
