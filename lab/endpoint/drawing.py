"""Pictures by the engine for a client over HTTP: one at a time, as many wait as the limits say, and a client
that leaves stops its own.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from lab.endpoint.errors import ApiError, Refused
from lab.endpoint.limits import EndpointLimits
from lab.engine.failures import JobFailed
from lab.engine.inputs import Inputs
from lab.engine.protocol import LAST_EVENTS, Cancelled, Done, Engine, Event, Failed, Job, Step
from manifests.manifest import Request

LOOK_EVERY = 0.25  # seconds between two looks whether the client is still there
BUSY = 5  # seconds after which one may ask again
# Failures that are the request's fault; all others are this server's.
_ASKED_WRONG = """
unsupported_mode unknown_scheduler unsupported_scheduler bad_seed bad_steps bad_size no_source no_strength
bad_strength no_step_left bad_source no_mask bad_mask filtered
"""
ASKED_WRONG = frozenset(_ASKED_WRONG.split())
CODES = {"filtered": "content_policy_violation"}  # as OpenAI calls it

Gone = Callable[[], Awaitable[bool]]


def refusal(failed: Failed) -> ApiError:
    """What a client is told about a failed job."""
    status = 400 if failed.code in ASKED_WRONG else 503
    return Refused(status, CODES.get(failed.code, failed.code), JobFailed(failed))


class Drawing:
    """The engine of one endpoint. For one event loop."""

    def __init__(self, engine: Engine, limits: EndpointLimits) -> None:
        self._engine = engine
        self._limits = limits
        self._under_way = 0

    def check_room(self) -> None:
        """Raise ApiError 429 if as many wait as may."""
        if self._under_way >= self._limits.waiting:
            raise ApiError(429, "queue_full", headers={"Retry-After": str(BUSY)}, waiting=self._under_way)

    async def pictures(
        self,
        requests: list[Request],
        model: str,
        inputs: Inputs,
        gone: Gone,
    ) -> AsyncGenerator[Step | Done]:
        """The steps and the picture of each request, one request after the other.

        Raises ApiError if too many wait or one fails. Closing it, or `gone` becoming true, stops what runs.
        """
        self.check_room()
        self._under_way += 1
        try:
            for request in requests:
                job = self._engine.submit(request, model=model, inputs=inputs)
                async with aclosing(_events(job, gone)) as events:
                    async for event in events:
                        if isinstance(event, Step | Done):
                            yield event
                        if isinstance(event, Failed):
                            raise refusal(event)
                        if isinstance(event, Cancelled):
                            raise ApiError(499, "cancelled")
        finally:
            self._under_way -= 1


async def _events(job: Job, gone: Gone) -> AsyncGenerator[Event]:
    """A job's events; read in a thread of its own, because reading them waits."""
    loop, events = asyncio.get_running_loop(), asyncio.Queue[Event]()

    def read() -> None:
        for event in job.events():
            try:
                loop.call_soon_threadsafe(events.put_nowait, event)
            except RuntimeError:  # the loop is closed: nobody listens any more
                job.cancel()

    threading.Thread(target=read, name=f"endpoint-{job.id[:8]}", daemon=True).start()
    event: Event | None = None
    try:
        while not isinstance(event, LAST_EVENTS):
            try:
                event = await asyncio.wait_for(events.get(), LOOK_EVERY)
            except TimeoutError:
                if await gone():
                    job.cancel()
                continue
            yield event
    finally:
        job.cancel()  # does nothing to one that has ended
