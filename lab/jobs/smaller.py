"""A picture for which memory runs out is drawn again smaller, as often as there is a smaller size.

Rule: nothing is hidden: an event `Smaller` tells of it, and what is recorded is what was drawn in the end.
"""

import threading
from collections.abc import Iterator

from lab.engine.inputs import Inputs
from lab.engine.protocol import Cancelled, Engine, Event, Failed, Job, Smaller
from lab.engine.requests import smaller_request
from manifests.manifest import Request

OUT_OF_MEMORY = ("out_of_memory", "comfyui_out_of_memory")  # the codes of such failures


class SmallerJob:
    """A job of the engine, and those that follow it. Its events are for one reader."""

    def __init__(
        self,
        engine: Engine,
        request: Request,
        *,
        model: str,
        inputs: Inputs,
        film: int,
    ) -> None:
        self._engine, self._request = engine, request
        self._model, self._inputs, self._film = model, inputs, film
        self._lock = threading.Lock()
        self._stopped = False
        self._job = self._submit()
        self.id = self._job.id

    def events(self) -> Iterator[Event]:
        """Those of each attempt; a failure for want of memory only where nothing smaller is left."""
        while True:
            failed: Failed | None = None
            for event in self._job.events():
                if isinstance(event, Failed) and event.code in OUT_OF_MEMORY:
                    failed = event
                else:
                    yield event
            if failed is None:
                return
            smaller = smaller_request(self._request, self._model)
            if smaller is None:
                yield failed
                return
            yield Smaller(smaller.width, smaller.height, smaller.steps)
            self._request = smaller
            with self._lock:
                stopped = self._stopped
                if not stopped:
                    self._job = self._submit()
            if stopped:
                yield Cancelled()
                return

    def cancel(self) -> None:
        """Stop the attempt under way, and have no other one."""
        with self._lock:
            self._stopped = True
            self._job.cancel()

    def _submit(self) -> Job:
        return self._engine.submit(
            self._request,
            model=self._model,
            inputs=self._inputs,
            film=self._film,
            background=False,
        )
