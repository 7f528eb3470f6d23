"""`/v1/responses`: the conversation as input items, the answer as one message, whole or as typed events.

Nothing is kept between calls, so an earlier answer cannot be referred to by its id: it is sent again.
"""

import time
from collections.abc import AsyncIterator, Mapping
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
    Role,
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
from lab.endpoint.sse import WHOLE_OR_EVENTS, event, stream


class TextPart(BaseModel):
    type: Literal["input_text", "output_text"]
    text: Text


class RefusalPart(BaseModel):
    type: Literal["refusal"]
    refusal: Text


def _address(value: Any) -> Any:
    """The object of the chat protocol is taken for the address that it holds."""
    return value.get("url") if isinstance(value, Mapping) else value


class ImagePart(BaseModel):
    type: Literal["input_image"]
    image_url: Annotated[Url | None, BeforeValidator(_address)] = None


Part = Annotated[
    Annotated[TextPart | RefusalPart | ImagePart, Field(discriminator="type")],
    BeforeValidator(typed_by({"text": "input_text", "refusal": "refusal", "image_url": "input_image"})),
]


class Item(NullsAreDefaults):
    """A message; other kinds of items belong to tools, which there are none of."""

    type: Literal["message"] = "message"
    role: Role
    content: Text | Annotated[list[Part], Field(max_length=MOST_PARTS)]


class PlainFormat(BaseModel):
    type: Literal["text", "json_object"]


class SchemaFormat(BaseModel):
    type: Literal["json_schema"]
    name: Annotated[str, Field(max_length=200)] = "answer"
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class TextOptions(BaseModel):
    format: Annotated[PlainFormat | SchemaFormat, Field(discriminator="type")] | None = None


class Reasoning(BaseModel):
    effort: Effort = None


class Ask(NullsAreDefaults):
    """What is asked. Fields that steer sampling go to models elsewhere: nothing is sampled here."""

    model: ModelName
    input: Text | Annotated[list[Item], Field(min_length=1, max_length=MOST_TURNS)]
    instructions: Text | None = None
    text: TextOptions | None = None
    stream: bool | None = False
    max_output_tokens: MostTokens = None
    previous_response_id: Annotated[str, Field(max_length=200)] | None = None
    tools: list[Any] | None = None
    temperature: Temperature = None
    top_p: Share = None
    reasoning: Reasoning | None = None

    def options(self) -> dict[str, Any]:
        """What a model elsewhere is asked beside the conversation, in the words of the chat protocol."""
        options = self.model_dump(include={"temperature", "top_p"}, exclude_none=True)
        if self.reasoning and self.reasoning.effort:
            options["reasoning_effort"] = self.reasoning.effort
        wanted = self.text.format if self.text else None
        if isinstance(wanted, SchemaFormat):
            schema = {"name": wanted.name, "schema": wanted.schema_, "strict": True}
            options["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif wanted:
            options["response_format"] = {"type": wanted.type}
        return options


def router(analyser: Analyser, elsewhere: Elsewhere) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.post("/responses", responses=WHOLE_OR_EVENTS)
    async def respond(asked: Ask, request: Request) -> Response:
        """Say what can be seen in pictures."""
        provided = elsewhere.of(request, asked.model)
        if provided is None:
            check_analyser(asked.model)
        if asked.tools:
            raise ApiError(400, "no_tools", param="tools")
        if asked.previous_response_id is not None:
            raise ApiError(400, "nothing_kept", param="previous_response_id")
        conversation = _conversation(asked)
        most, streaming = asked.max_output_tokens, bool(asked.stream)
        if provided is None:
            answered = await analyser.ask(conversation, most, language_of(request))
        else:
            answered = await provided.answer(conversation, most, asked.options(), streaming=streaming)
        answer = _Answer(asked, answered)
        return stream(answer.events(request)) if asked.stream else JSONResponse(answer.response("completed"))

    return routes


def _conversation(asked: Ask) -> Conversation:
    turns = [Turn("system", asked.instructions)] if asked.instructions else []
    if isinstance(asked.input, str):
        turns.append(Turn("user", asked.input))
    else:
        turns += [_turn(item, i) for i, item in enumerate(asked.input)]
    wanted = asked.text.format if asked.text else None
    if isinstance(wanted, SchemaFormat):
        return Conversation(tuple(turns), "schema", wanted.schema_, param="text.format")
    return Conversation(tuple(turns), "json" if wanted and wanted.type == "json_object" else "text")


def _turn(item: Item, number: int) -> Turn:
    if isinstance(item.content, str):
        return Turn(ROLES[item.role], item.content)
    texts = [part.text for part in item.content if isinstance(part, TextPart)]
    pictures = tuple(
        PictureRef(part.image_url or "", f"input[{number}].content[{i}].image_url")
        for i, part in enumerate(item.content)
        if isinstance(part, ImagePart)
    )
    return Turn(ROLES[item.role], "\n".join(texts), pictures)


class _Answer:
    """One response, as a whole and as the events that lead to it."""

    def __init__(self, asked: Ask, answered: Answered) -> None:
        self.asked = asked
        self.answered = answered
        self.id = new_id("resp_")
        self.item_id = new_id("msg_")
        self.created = time.time()
        self._sequence = 0

    def response(self, status: str) -> dict[str, Any]:
        """The whole answer; `in_progress` it has neither output nor usage yet."""
        done = status == "completed"
        cut = done and self.answered.cut
        extras = dict(self.answered.extras) if status == "completed" else {}
        return extras | {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": "incomplete" if cut else status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "instructions": self.asked.instructions,
            "metadata": {},
            "model": self.asked.model,
            "output": [self._item("incomplete" if cut else "completed", [self._part()])] if done else [],
            "parallel_tool_calls": False,
            "temperature": None,
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "max_output_tokens": self.asked.max_output_tokens,
            "previous_response_id": None,
            "text": self._format(),
            "usage": self._usage() if done else None,
        }

    async def events(self, request: Request) -> AsyncIterator[bytes]:
        """The events, in OpenAI's order, each with its number."""
        yield self._event("response.created", response=self.response("in_progress"))
        yield self._event("response.in_progress", response=self.response("in_progress"))
        yield self._event("response.output_item.added", output_index=0, item=self._item("in_progress", []))
        place = {"item_id": self.item_id, "output_index": 0, "content_index": 0}
        yield self._event("response.content_part.added", **place, part=self._part(""))
        kind = "refusal" if self.answered.refused else "output_text"
        logprobs: dict[str, Any] = {} if self.answered.refused else {"logprobs": []}
        try:
            async for piece in self.answered.pieces():
                yield self._event(f"response.{kind}.delta", **place, delta=piece, **logprobs)
        except ApiError as error:
            said_wrong = worded(error, language_of(request)).body
            yield b"event: error\ndata: " + bytes(said_wrong) + b"\n\n"
            return
        said = {"refusal" if self.answered.refused else "text": self.answered.text}
        yield self._event(f"response.{kind}.done", **place, **said, **logprobs)
        yield self._event("response.content_part.done", **place, part=self._part())
        whole = self.response("completed")
        yield self._event("response.output_item.done", output_index=0, item=whole["output"][0])
        yield self._event(f"response.{whole['status']}", response=whole)

    def _event(self, kind: str, **facts: Any) -> bytes:
        number, self._sequence = self._sequence, self._sequence + 1
        return event({"type": kind, "sequence_number": number, **facts}, kind)

    def _item(self, status: str, content: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.item_id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def _part(self, text: str | None = None) -> dict[str, Any]:
        said = self.answered.text if text is None else text
        if self.answered.refused:
            return {"type": "refusal", "refusal": said}
        return {"type": "output_text", "text": said, "annotations": [], "logprobs": []}

    def _format(self) -> dict[str, Any]:
        wanted = self.asked.text.format if self.asked.text else None
        return {"format": wanted.model_dump(by_alias=True) if wanted else {"type": "text"}}

    def _usage(self) -> dict[str, Any]:
        read, written = self.answered.input_tokens, self.answered.output_tokens
        return {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        } | ({} if self.answered.cost is None else {"cost": self.answered.cost})
