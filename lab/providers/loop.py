"""The one event loop on which requests run, in a thread of its own, and the way to wait for one.

A request that runs as a task can be ended at its time limit or when the person stops it, whatever the
server does: hang, send a byte a second, or never finish its headers.
"""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import wait
from typing import Any, TypeVar

Result = TypeVar("Result")

_LOOK_SECONDS = 0.1  # how soon a stop is seen
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


class Stopped(Exception):
    """The person stopped it."""


def run(coroutine: Coroutine[Any, Any, Result], cancel: threading.Event | None = None) -> Result:
    """The coroutine's result, or its exception. Raises Stopped when `cancel` is set before it ends."""
    future = asyncio.run_coroutine_threadsafe(coroutine, _running_loop())
    try:
        while not wait([future], timeout=_LOOK_SECONDS if cancel else None).done:
            if cancel and cancel.is_set():
                raise Stopped
        return future.result()
    except BaseException:
        future.cancel()  # also when this thread is interrupted
        raise


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None or not _loop.is_running():
            loop = asyncio.new_event_loop()
            started = threading.Event()
            loop.call_soon(started.set)
            threading.Thread(target=loop.run_forever, name="providers", daemon=True).start()
            started.wait()
            _loop = loop
        return _loop
