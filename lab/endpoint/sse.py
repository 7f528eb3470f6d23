"""Server-sent events: one line of JSON each, with a name where the protocol gives them one."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi.responses import StreamingResponse

DONE = b"data: [DONE]\n\n"
# For the description of a route that answers whole or as events, as it is asked.
WHOLE_OR_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {}, "text/event-stream": {}}}
}


def event(data: object, name: str | None = None) -> bytes:
    """One event. JSON is written on one line, so a text's own line breaks end nothing."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def stream(events: Iterable[bytes] | AsyncIterator[bytes]) -> "StreamingResponse":
    """A response that no proxy on the way keeps back."""
    from fastapi.responses import StreamingResponse

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
