"""What a provider sent, read into a `Reply`: it is untrusted, so every part is checked before it is used.

What can be wrong with a reply that did arrive (a refusal, a cut text, wrong types) is in `Reply.error`,
beside the usage it reports: such a reply may have been charged.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from exercises.errors import UserError
from lab.providers.errors import (
    CutAnswer,
    MalformedAnswer,
    Moderated,
    ProviderError,
    RefusedPrompt,
    ServerError,
)
from lab.providers.protocol import Answer, Call, Finish, Kind, Media, Usage
from manifests.pictures import MEDIA_TYPES, open_picture, picture_extension
from manifests.strict_json import parse

MAX_BYTES: dict[Kind, int] = {"vision": 2 * 2**20, "image": 45 * 2**20, "edit": 45 * 2**20}
MAX_PICTURES = 10

_Count = Annotated[int, Field(ge=0, le=2**53)]
_Text = Annotated[str, Field(max_length=2**26)]


@dataclass(frozen=True)
class Reply:
    """`reported`: what the provider says the call cost, in its currency's unit.

    `extras` is what a gateway of ours adds, unread (`lab.providers.class_router`).
    """

    text: str = ""
    pictures: tuple[Media, ...] = ()
    data: BaseModel | None = None
    seeds: tuple[int | None, ...] = ()
    usage: Usage = field(default_factory=Usage)
    reported: Decimal | None = None
    finish: Finish = "stop"
    extras: Mapping[str, Any] = field(default_factory=dict)
    error: ProviderError | None = field(default=None, compare=False)

    def answer(self, provider: str, model: str) -> Answer:
        return Answer(
            provider,
            model,
            self.text,
            self.pictures,
            self.data,
            self.seeds,
            usage=self.usage,
            finish=self.finish,
        )


class _Usage(BaseModel):
    """In the words of chat completions or of the image endpoints; `cost` is OpenRouter's."""

    prompt_tokens: _Count | None = None
    completion_tokens: _Count | None = None
    input_tokens: _Count | None = None
    output_tokens: _Count | None = None
    cost: Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None


class _Link(BaseModel):
    url: _Text


class _Part(BaseModel):
    type: _Text
    text: _Text = ""


class _InlinePicture(BaseModel):
    image_url: _Link


class _Message(BaseModel):
    content: _Text | list[_Part] | None = None
    refusal: _Text | None = None
    images: list[_InlinePicture] | None = Field(default=None, max_length=MAX_PICTURES)


class _Choice(BaseModel):
    message: _Message
    finish_reason: _Text | None = None


class _Chat(BaseModel):
    choices: list[_Choice] = Field(min_length=1, max_length=100)


class _Picture(BaseModel):
    b64_json: _Text | None = None
    url: _Text | None = None
    seed: _Count | None = None  # the bundled endpoint's own


class _Pictures(BaseModel):
    data: list[_Picture] = Field(min_length=1, max_length=MAX_PICTURES)


def json_of(data: bytes, max_bytes: int) -> Any:
    """The JSON of an answer. Raises MalformedAnswer: a web page, or JSON that is cut or wrong."""
    if data.lstrip()[:1] == b"<":
        raise MalformedAnswer(variant=".html")
    try:
        return parse(data, max_bytes=max_bytes)
    except UserError:
        raise MalformedAnswer(variant=".json") from None


def embedded_error(document: Any) -> dict[str, Any] | None:
    """The error that some gateways send with status 200."""
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, dict) and "choices" not in document else None


def read_chat(document: Any, call: Call) -> Reply:
    """A chat completion's first choice: its text, or for the other kinds its pictures."""
    reply = _with_usage(document)
    try:
        choice = _Chat.model_validate(document, strict=True).choices[0]
    except ValidationError:
        return _wrong(reply, "types")
    message = choice.message
    text = message.content or ""
    if isinstance(text, list):
        text = "".join(part.text for part in text if part.type in ("text", "output_text"))
    pictures: tuple[Media, ...] = ()
    if call.kind != "vision" and message.images:
        try:
            pictures = tuple(_data_url(each.image_url.url) for each in message.images)
        except MalformedAnswer as error:
            return replace(reply, error=error)
    return finished(replace(reply, text=text, pictures=pictures), call, choice.finish_reason, message.refusal)


def finished(reply: Reply, call: Call, reason: str | None, refusal: str | None = None) -> Reply:
    """The same reply, judged by how it ended: refused, withheld, cut, empty, or as it should be."""
    if refusal:
        return replace(reply, text=refusal, error=RefusedPrompt(detail=plain(refusal)))
    if reason == "content_filter":
        return replace(reply, error=Moderated(detail=plain(reply.text)))
    if reason == "error":
        return replace(reply, error=ServerError(detail="", status=200, maybe_charged=True))
    if reason == "length":
        return replace(reply, finish="length", error=CutAnswer(longest=call.max_output_tokens))
    if call.kind != "vision":
        counted = replace(reply.usage, images=len(reply.pictures))
        return replace(reply, usage=counted) if reply.pictures else _no_picture(reply)
    if not reply.text.strip():
        return _wrong(reply, "empty")
    if call.answer_type:
        try:
            return replace(reply, data=call.answer_type.model_validate_json(reply.text))
        except ValidationError:
            return _wrong(reply, "types")
    return reply


def read_pictures(document: Any) -> Reply:
    """The answer of the image endpoints: pictures in base64, their bytes as they came."""
    reply = _with_usage(document)
    try:
        found = _Pictures.model_validate(document, strict=True).data
        if any(picture.b64_json is None for picture in found):
            return _wrong(reply, "link" if any(picture.url for picture in found) else "types")
        pictures = tuple(read_picture(_base64(picture.b64_json or "")) for picture in found)
    except ValidationError:
        return _wrong(reply, "types")
    except MalformedAnswer as error:
        return replace(reply, error=error)
    seeds = tuple(picture.seed for picture in found)
    return replace(reply, pictures=pictures, seeds=seeds, usage=replace(reply.usage, images=len(pictures)))


def read_picture(data: bytes) -> Media:
    """A picture's bytes, looked through once. Raises MalformedAnswer where they are none."""
    try:
        open_picture(data)
        return Media(data, MEDIA_TYPES[picture_extension(data)])
    except (UserError, KeyError):  # no picture, or one that browsers do not show
        raise MalformedAnswer(variant=".picture") from None


def read_usage(document: Any) -> tuple[Usage, Decimal | None]:
    """What the answer says of tokens and cost; nothing where it says nothing that makes sense."""
    try:
        usage = _Usage.model_validate(document.get("usage") if isinstance(document, dict) else None)
    except ValidationError:
        return Usage(), None
    input_tokens = usage.input_tokens if usage.prompt_tokens is None else usage.prompt_tokens
    output_tokens = usage.output_tokens if usage.completion_tokens is None else usage.completion_tokens
    return Usage(input_tokens, output_tokens), usage.cost


def extras_of(document: Any) -> dict[str, Any]:
    """The fields that are a gateway's of ours."""
    return {k: v for k, v in document.items() if k.startswith("genai_")} if isinstance(document, dict) else {}


def plain(text: object, secrets: Sequence[str] = (), most: int = 200) -> str:
    """A provider's own words for a message: one line, at most `most` characters, without the key."""
    words = text if isinstance(text, str) else ""
    for secret in secrets:
        words = words.replace(secret, "…")
    words = " ".join("".join(c if c.isprintable() else " " for c in words[:4000]).split())
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _with_usage(document: Any) -> Reply:
    usage, reported = read_usage(document)
    return Reply(usage=usage, reported=reported, extras=extras_of(document))


def _wrong(reply: Reply, variant: str) -> Reply:
    return replace(reply, error=MalformedAnswer(variant=f".{variant}"))


def _no_picture(reply: Reply) -> Reply:
    """A model that answers with words where a picture was asked for has declined."""
    if reply.text.strip():
        return replace(reply, error=RefusedPrompt(detail=plain(reply.text)))
    return _wrong(reply, "empty")


def _data_url(url: str) -> Media:
    head, separator, data = url.partition(";base64,")
    if not separator or not head.startswith("data:image/"):
        raise MalformedAnswer(variant=".link")
    return read_picture(_base64(data))


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedAnswer(variant=".picture") from None
