"""`/v1/chat/completions`: the conversation as messages, the answer as one choice, whole or in pieces."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, Field

from lab.endpoint.asking import (
    MOST_PARTS,
    MOST_TURNS,
    ROLES,
    Analyser,
    Answered,
    Effort,
    ModelName,
    MostTokens,
    Penalty,
    Role,
    Schema,
    Share,
    Temperature,
    Text,
    Url,
    new_id,
)
from lab.endpoint.conversation import Conversation, PictureRef, Turn
from lab.endpoint.elsewhere import Elsewhere
from lab.endpoint.errors import ApiError, language_of, worded
from lab.endpoint.lenient import NullsAreDefaults, typed_by
from lab.endpoint.models import check_analyser
from lab.endpoint.sse import DONE, WHOLE_OR_EVENTS, event, stream


class TextPart(BaseModel):
    type: Literal["text"]
    text: Text


class RefusalPart(BaseModel):
    type: Literal["refusal"]
    refusal: Text


class ImageUrl(BaseModel):
    url: Url


def _as_object(value: Any) -> Any:
    """The address alone is taken for the object that holds it, as many clients send it."""
    return {"url": value} if isinstance(value, str) else value


class ImagePart(BaseModel):
    type: Literal["image_url"]
    image_url: Annotated[ImageUrl, BeforeValidator(_as_object)]


Part = Annotated[
    Annotated[TextPart | RefusalPart | ImagePart, Field(discriminator="type")],
    BeforeValidator(typed_by({"text": "text", "refusal": "refusal", "image_url": "image_url"})),
]


class Message(BaseModel):
    role: Role
    content: Text | Annotated[list[Part], Field(max_length=MOST_PARTS)] | None = None


class TextFormat(BaseModel):
    type: Literal["text", "json_object"]


class SchemaFormat(BaseModel):
    type: Literal["json_schema"]
    json_schema: Schema


class StreamOptions(BaseModel):
    include_usage: bool | None = False


class Chat(NullsAreDefaults):
    """What is asked. Fields that steer sampling go to models elsewhere: nothing is sampled here."""

    model: ModelName
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_TURNS)]
    response_format: Annotated[TextFormat | SchemaFormat, Field(discriminator="type")] | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: MostTokens = None
    max_completion_tokens: MostTokens = None
    n: Annotated[int, Field(ge=1)] | None = 1
    tools: list[Any] | None = None
    temperature: Temperature = None
    top_p: Share = None
    presence_penalty: Penalty = None
    frequency_penalty: Penalty = None
    stop: Annotated[str, Field(max_length=200)] | Annotated[list[str], Field(max_length=4)] | None = None
    reasoning_effort: Effort = None

    def options(self) -> dict[str, Any]:
        """What a model elsewhere is asked beside the conversation: nothing that lets it cost more."""
        steering = {"temperature", "top_p", "presence_penalty", "frequency_penalty", "stop"}
        names = steering | {"reasoning_effort", "response_format"}
        return self.model_dump(include=names, exclude_none=True, by_alias=True)


def router(analyser: Analyser, elsewhere: Elsewhere) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.post("/chat/completions", responses=WHOLE_OR_EVENTS)
    async def complete(chat: Chat, request: Request) -> Response:
        """Say what can be seen in pictures."""
        provided = elsewhere.of(request, chat.model)
        if provided is None:
            check_analyser(chat.model)
        if chat.n not in (None, 1):
            raise ApiError(400, "one_answer", param="n")
        if chat.tools:
            raise ApiError(400, "no_tools", param="tools")
        most = chat.max_completion_tokens or chat.max_tokens
        conversation = _conversation(chat)
        if provided is None:
            answered = await analyser.ask(conversation, most, language_of(request))
        else:
            answered = await provided.answer(conversation, most, chat.options(), streaming=bool(chat.stream))
        facts = {"id": new_id("chatcmpl-"), "created": int(time.time()), "model": chat.model}
        if chat.stream:
            with_usage = bool(chat.stream_options and chat.stream_options.include_usage)
            return stream(_chunks(answered, facts, with_usage, request))
        return JSONResponse(_whole(answered, facts))

    return routes


def _conversation(chat: Chat) -> Conversation:
    turns = tuple(_turn(message, i) for i, message in enumerate(chat.messages))
    wanted = chat.response_format
    if isinstance(wanted, SchemaFormat):
        return Conversation(turns, "schema", wanted.json_schema.schema_)
    return Conversation(turns, "json" if wanted and wanted.type == "json_object" else "text")


def _turn(message: Message, number: int) -> Turn:
    content = message.content or ""
    if isinstance(content, str):
        return Turn(ROLES[message.role], content)
    texts = [part.text for part in content if isinstance(part, TextPart)]
    pictures = tuple(
        PictureRef(part.image_url.url, f"messages[{number}].content[{i}].image_url")
        for i, part in enumerate(content)
        if isinstance(part, ImagePart)
    )
    return Turn(ROLES[message.role], "\n".join(texts), pictures)


def _usage(answered: Answered) -> dict[str, int | float]:
    counts: dict[str, int | float] = {
        "prompt_tokens": answered.input_tokens,
        "completion_tokens": answered.output_tokens,
        "total_tokens": answered.input_tokens + answered.output_tokens,
    }
    return counts if answered.cost is None else {**counts, "cost": answered.cost}


def _finish(answered: Answered) -> str:
    return "length" if answered.cut else "stop"


def _whole(answered: Answered, facts: dict[str, Any]) -> dict[str, Any]:
    """A refusal has its own field, as OpenAI's answers in a given form have."""
    said = {"content": None, "refusal": None, "refusal" if answered.refused else "content": answered.text}
    choice = {
        "index": 0,
        "message": {"role": "assistant", **said},
        "logprobs": None,
        "finish_reason": _finish(answered),
    }
    document = {**facts, "object": "chat.completion", "choices": [choice], "usage": _usage(answered)}
    return document | dict(answered.extras)


async def _chunks(
    answered: Answered, facts: dict[str, Any], with_usage: bool, request: Request
) -> AsyncIterator[bytes]:
    """Role, pieces, how it ended, usage if it was asked for, and the mark of the end."""
    usage = {"usage": None} if with_usage else {}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: object) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**facts, "object": "chat.completion.chunk", "choices": [choice], **usage, **more})

    field = "refusal" if answered.refused else "content"
    yield chunk({"role": "assistant", field: ""})
    try:
        async for piece in answered.pieces():
            yield chunk({field: piece})
    except ApiError as error:
        yield b"data: " + bytes(worded(error, language_of(request)).body) + b"\n\n"
        return
    yield chunk({}, _finish(answered), **answered.extras)
    if with_usage:
        yield event({**facts, "object": "chat.completion.chunk", "choices": [], "usage": _usage(answered)})
    yield DONE
