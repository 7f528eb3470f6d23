"""Models that are not this server's own, and who answers for them: a gateway has some, the endpoint none.

What is asked has been read and bounded by then; what goes wrong is an ApiError.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from lab.endpoint.asking import Answered
from lab.endpoint.conversation import Conversation

if TYPE_CHECKING:
    from fastapi import Request

    from lab.endpoint.images import ImageRequest


class Provided(Protocol):
    """One such model, for the one who asks."""

    async def answer(
        self, conversation: Conversation, most: int | None, options: Mapping[str, Any], *, streaming: bool
    ) -> Answered:
        """What it says, cut at `most` tokens. Where `streaming`, its pieces are still on their way."""
        ...

    async def pictures(
        self, wanted: "ImageRequest", source: bytes | None, mask: bytes | None = None
    ) -> dict[str, Any]:
        """The answer of the image routes."""
        ...


class Elsewhere(Protocol):
    """All such models."""

    def of(self, request: "Request", model: str) -> Provided | None:
        """The one of that name; None where there is none."""
        ...

    def models(self, request: "Request") -> list[dict[str, object]]:
        """As `/v1/models` lists them. May take seconds."""
        ...


class Nowhere:
    """No model but this server's own."""

    def of(self, request: "Request", model: str) -> Provided | None:
        return None

    def models(self, request: "Request") -> list[dict[str, object]]:
        return []
