"""What a blocking call tells on its way, as events to read one after the other."""

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from lab.providers.protocol import Answer, Event, Progress


def as_events(
    ask: Callable[[Progress, threading.Event], Answer], cancel: threading.Event | None
) -> Iterator[Event]:
    """What happens as it happens; the last event is the Answer. Raises what `ask` raises.

    Whoever stops reading stops the call.
    """
    events: SimpleQueue[Event | BaseException] = SimpleQueue()
    stop = cancel or threading.Event()

    def work() -> None:
        try:
            events.put(ask(events.put, stop))
        except BaseException as error:
            events.put(error)

    threading.Thread(target=work, name="stream", daemon=True).start()
    try:
        while True:
            event = events.get()
            if isinstance(event, BaseException):
                raise event
            yield event
            if isinstance(event, Answer):
                return
    finally:
        stop.set()
