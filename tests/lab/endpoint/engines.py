"""Engines that draw nothing: one that is done at once, one that goes on until it is stopped."""

import threading
from collections.abc import Iterator
from uuid import uuid4

from PIL import Image

from lab.engine.denoise import versions
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.protocol import Cancelled, Done, Event, Failed, Loading, Picture, Queued, Step
from manifests.draft import Drawn
from manifests.manifest import Model, Request


class ScriptedJob:
    """`events` are given one after the other; with a gate it waits before the last, until it is cancelled."""

    def __init__(self, events: list[Event], gate: threading.Event | None = None) -> None:
        self.id = uuid4().hex
        self._events, self._gate = events, gate
        self.cancelled = threading.Event()

    def events(self) -> Iterator[Event]:
        yield from self._events[:-1]
        if self._gate is not None:
            self._gate.wait(600)
            if self.cancelled.is_set():
                yield Cancelled()
                return
        yield self._events[-1]

    def cancel(self) -> None:
        self.cancelled.set()
        if self._gate is not None:
            self._gate.set()


class QuickEngine:
    """Every request gives a gray picture of its size, or `ending`; `slow` ones wait for `gate`."""

    def __init__(self, ending: Failed | None = None, *, slow: bool = False) -> None:
        self.ending, self.slow = ending, slow
        self.jobs: list[ScriptedJob] = []
        self.requests: list[Request] = []
        self.sources: list[bytes | None] = []
        self.closed = False

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> ScriptedJob:
        preview = Image.new("RGB", (16, 16), "white")
        events: list[Event] = [Queued(1), Loading(model), Step(1, 2, 0.1, 0.1, preview)]
        events.append(self.ending or Done(picture(request, model)))
        gate = threading.Event() if self.slow else None
        job = ScriptedJob(events, gate)
        self.jobs.append(job)
        self.requests.append(request)
        self.sources.append(inputs.source)
        return job

    def close(self) -> None:
        self.closed = True


def picture(request: Request, model: str) -> Picture:
    drawn = Drawn(
        request=request,
        effective_steps=request.steps,
        model=Model(id=model, repository="genai-lab", revision="1"),
        versions=versions(),
        device="cpu",
        dtype="float32",
        seconds=0.1,
    )
    return Picture(Image.new("RGB", (request.width, request.height), (128, 128, 128)), drawn)
