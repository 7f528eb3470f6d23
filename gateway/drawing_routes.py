"""`POST /v1/drawings`, where labs have their pictures drawn, and `DELETE /v1/drawings/{key}`, which ends one.

The answer to the first is the job's events, a line of JSON each (`lab.engine.wire`), from the first on, also
where the same was asked for before; while nothing happens, an empty line every few seconds says that the
gateway is there.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from gateway.drawings import Drawing, Drawings
from gateway.gate import person_of
from lab.endpoint.errors import ApiError
from lab.engine.inputs import Inputs
from lab.engine.protocol import LAST_EVENTS, Event
from lab.engine.wire import PATH, Asked, as_line, unpacked_source

ALIVE = 10.0  # seconds between two signs of life


def router(drawings: Drawings) -> APIRouter:
    """The two routes."""
    routes = APIRouter()

    @routes.post(PATH)
    async def draw(asked: Asked, request: Request) -> Response:
        """Draw a picture, or go on listening to the one of that key."""
        if drawings.draining and not drawings.knows(person_of(request), asked.key):
            raise ApiError(503, "draining", headers={"Retry-After": "30"})
        try:
            inputs = Inputs(unpacked_source(asked.source), unpacked_source(asked.mask))
        except ValueError as error:
            raise ApiError(400, "no_data_url", param="source") from error
        drawing = await run_in_threadpool(
            drawings.submit,
            person_of(request),
            asked.key,
            asked.request,
            asked.model,
            inputs,
            asked.film,
            background=asked.background,
        )
        return StreamingResponse(_lines(drawing), media_type="application/x-ndjson")

    @routes.delete(f"{PATH}/{{key}}", status_code=204)
    async def end(key: Annotated[str, Path(max_length=64)], request: Request) -> Response:
        """Stop it if it goes on, and keep nothing of it: the lab has what it wants."""
        await run_in_threadpool(drawings.end, person_of(request), key)
        return Response(status_code=204)

    return routes


async def _lines(drawing: Drawing) -> AsyncGenerator[bytes]:
    """The events as they come. Reading them waits, so a thread does it; it ends when nobody listens."""
    loop, events, left = asyncio.get_running_loop(), asyncio.Queue[Event](), threading.Event()

    def read() -> None:
        for event in drawing.events(left):
            try:
                loop.call_soon_threadsafe(events.put_nowait, event)
            except RuntimeError:  # the loop is closed: the gateway is being stopped
                return

    threading.Thread(target=read, name=f"listen-{drawing.id[:8]}", daemon=True).start()
    event: Event | None = None
    try:
        with drawing.heard():
            while not isinstance(event, LAST_EVENTS):
                try:
                    event = await asyncio.wait_for(events.get(), ALIVE)
                except TimeoutError:
                    yield b"\n"
                    continue
                yield await run_in_threadpool(as_line, event)
    finally:
        drawing.leave(left)
