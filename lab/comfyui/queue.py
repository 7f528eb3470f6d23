"""The bundled server's queue: one graph at a time in order of number, and a history of what ended.

Rule: a graph is in exactly one place: waiting, running, or in the history; nothing of a client's can make it
wait for ever. Any thread may call; one thread executes.
"""

import heapq
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.comfyui.execution import Execution

log = logging.getLogger(__name__)

MOST_WAITING = 32
MOST_REMEMBERED = 200
SECRET = ("auth_token_comfy_org", "api_key_comfy_org")  # of a client's, which are never kept

NewExecution = Callable[["Item"], Execution]


class QueueFull(Exception):
    """As many graphs wait as may."""


@dataclass(order=True)
class Item:
    """A graph on its way. Items are served by their number, then in the order in which they came."""

    number: float
    order: int
    id: str = field(compare=False)
    graph: dict[str, Any] = field(compare=False)
    extra: dict[str, Any] = field(compare=False)
    outputs: list[str] = field(compare=False)

    def told(self) -> list[Any]:
        """As `/queue` and `/history` tell it."""
        return [self.number, self.id, self.graph, self.extra, self.outputs]


class PromptQueue:
    """`execution_of` makes the execution of an item; `changed` is told when the queue has changed."""

    def __init__(self, execution_of: NewExecution, changed: Callable[[], None]) -> None:
        self._execution_of, self._told = execution_of, changed
        self._waiting: list[Item] = []
        self._running: tuple[Item, Execution] | None = None
        self._history: dict[str, dict[str, Any]] = {}
        self._came = 0
        self._closed = False
        self._changed = threading.Condition()
        self._worker = threading.Thread(target=self._work, name="comfyui-queue", daemon=True)
        self._worker.start()

    def put(
        self,
        prompt_id: str,
        graph: dict[str, Any],
        outputs: list[str],
        extra: Mapping[str, Any],
        number: float | None = None,
        front: bool = False,
    ) -> float:
        """Queue a graph and say its number. Raises QueueFull, ValueError for an id that is in use."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                raise QueueFull
            if prompt_id in self._history or prompt_id in (each.id for each in self._all()):
                raise ValueError(prompt_id)
            if number is None:
                number = -self._came if front else self._came
            kept = {key: value for key, value in extra.items() if key not in SECRET}
            heapq.heappush(self._waiting, Item(number, self._came, prompt_id, graph, kept, outputs))
            self._came += 1
            self._changed.notify_all()
        self._told()
        return number

    def remaining(self) -> int:
        with self._changed:
            return len(self._waiting) + bool(self._running)

    def told(self) -> dict[str, Any]:
        """What `/queue` answers."""
        with self._changed:
            running = [self._running[0].told()] if self._running else []
            return {
                "queue_running": running,
                "queue_pending": [each.told() for each in sorted(self._waiting)],
            }

    def history(self, prompt_id: str | None = None, most: int | None = None) -> dict[str, Any]:
        """What ended, the oldest first; or one of it; nothing for one that is not known."""
        with self._changed:
            if prompt_id is not None:
                return {prompt_id: self._history[prompt_id]} if prompt_id in self._history else {}
            newest = list(self._history.items())
            return dict(newest[-most:] if most else newest)

    def forget(self, prompt_ids: list[str] | None) -> None:
        """Drop some of the history, or all."""
        with self._changed:
            for each in list(self._history) if prompt_ids is None else prompt_ids:
                self._history.pop(each, None)

    def remove(self, prompt_ids: list[str] | None) -> None:
        """Drop some of those that wait, or all."""
        with self._changed:
            self._waiting = [
                each for each in self._waiting if prompt_ids is not None and each.id not in prompt_ids
            ]
            heapq.heapify(self._waiting)
        self._told()

    def interrupt(self, prompt_id: str | None) -> None:
        """Stop what runs, or that one if it runs."""
        with self._changed:
            running = self._running
        if running is not None and prompt_id in (None, running[0].id):
            running[1].interrupt()

    def close(self) -> None:
        """Stop what runs, begin nothing more."""
        with self._changed:
            self._closed = True
            self._waiting = []
            self._changed.notify_all()
        self.interrupt(None)
        self._worker.join(timeout=30)

    def _all(self) -> list[Item]:
        return [*self._waiting, *([self._running[0]] if self._running else [])]

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                item = heapq.heappop(self._waiting)
                execution = self._execution_of(item)
                self._running = (item, execution)
            self._told()
            self._execute(item, execution)
            self._told()

    def _execute(self, item: Item, execution: Execution) -> None:
        workflow = item.extra.get("extra_pnginfo")
        pnginfo = workflow if isinstance(workflow, dict) else {}
        outputs: dict[str, Any] = {}
        messages: list[Any] = []
        success = False
        try:
            done = execution.run(item.id, item.graph, item.outputs, pnginfo)
            outputs, success = done.outputs, done.success
            messages = [list(each) for each in done.messages]
        except Exception:
            log.exception("The graph %s failed", item.id)
        ended = {
            "prompt": item.told(),
            "outputs": outputs,
            "status": {
                "status_str": "success" if success else "error",
                "completed": success,
                "messages": messages,
            },
            "meta": {
                name: {"node_id": name, "display_node": name, "parent_node": None, "real_node_id": name}
                for name in outputs
            },
        }
        with self._changed:
            self._running = None
            self._history[item.id] = ended
            while len(self._history) > MOST_REMEMBERED:
                self._history.pop(next(iter(self._history)))


def now() -> int:
    """Milliseconds, as ComfyUI's messages have them."""
    return int(time.time() * 1000)
