"""What the two text protocols share: answering a conversation, cutting the answer, and its identifiers."""

import asyncio
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
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class Answered:
    """A reply in pieces, cut at `most` of them: `cut` says whether something is missing."""

    def __init__(self, reply: AnalyserReply, most: int | None) -> None:
        whole = pieces(reply.text)
        self.pieces = whole[:most]
        self.cut = len(self.pieces) < len(whole)
        self.refused = reply.refused
        self.input_tokens = reply.input_tokens

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        return len(self.pieces)


class Analyser:
    """The analyser of one endpoint. It looks in threads, a few at once: a picture takes memory to decode."""

    def __init__(self, limits: EndpointLimits) -> None:
        self._limits = limits
        self._turns = asyncio.Semaphore(LOOKING_AT_ONCE)

    async def ask(self, conversation: Conversation, most: int | None, language: Language) -> Answered:
        """Its reply, cut at `most` tokens. Raises ApiError."""
        async with self._turns:
            said = await run_in_threadpool(reply, conversation, self._limits, language)
        return Answered(said, most)


def new_id(kind: str) -> str:
    return f"{kind}{uuid4().hex}"
