"""What the two text protocols share: answering a conversation, cutting the answer, and its identifiers."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from exercises.i18n import Language
from lab.endpoint.conversation import Conversation
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.questions import AnalyserReply, reply
from lab.endpoint.usage import pieces

MOST_TEXT = 40_000  # characters of one text
MOST_TURNS = 200
MOST_PARTS = 50
LOOKING_AT_ONCE = 2  # questions

Text = Annotated[str, Field(max_length=MOST_TEXT)]
Url = Annotated[str, Field(max_length=64 * 2**20)]  # the body's limit is what bounds it
ModelName = Annotated[str, Field(max_length=200)]
MostTokens = Annotated[int, Field(ge=1)] | None
Temperature = Annotated[float, Field(ge=0, le=2)] | None
Share = Annotated[float, Field(ge=0, le=1)] | None
Penalty = Annotated[float, Field(ge=-2, le=2)] | None
Effort = Annotated[str, Field(max_length=20)] | None
Role = Literal["system", "developer", "user", "assistant", "tool"]
ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "assistant",
}


class Schema(BaseModel):
    """OpenAI's wrapping of a JSON Schema."""

    name: Annotated[str, Field(max_length=200)] = "answer"
    strict: bool | None = True
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


@dataclass
class Answered:
    """What was said; while it is on its way, all of it is known once `pieces` has ended.

    `cut`: something is missing. `cost`, in the unit of a currency, where somebody charged for it; `extras`
    are further fields of the answer.
    """

    text: str = ""
    cut: bool = False
    refused: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    extras: Mapping[str, object] = field(default_factory=dict)

    async def pieces(self) -> AsyncIterator[str]:
        """The text in pieces, as it comes. Raises ApiError where it breaks off."""
        for piece in pieces(self.text):
            yield piece


def cut_at(reply: AnalyserReply, most: int | None) -> Answered:
    """The analyser's reply in at most so many tokens."""
    whole = pieces(reply.text)
    kept = whole[:most]
    return Answered("".join(kept), len(kept) < len(whole), reply.refused, reply.input_tokens, len(kept))


class Analyser:
    """The analyser of one endpoint. It looks in threads, a few at once: a picture takes memory to decode."""

    def __init__(self, limits: EndpointLimits) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(LOOKING_AT_ONCE)

    async def ask(self, conversation: Conversation, most: int | None, language: Language) -> Answered:
        """Its reply, cut at `most` tokens. Raises ApiError."""
        async with self._turns:
            said = await run_in_threadpool(reply, conversation, self._limits, language)
        return cut_at(said, most)


def new_id(kind: str) -> str:
    return f"{kind}{uuid4().hex}"
