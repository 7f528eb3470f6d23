"""The events of one job: kept from the first to the last, for any number of readers at any time."""

import threading
from collections.abc import Iterator

from lab.engine.protocol import LAST_EVENTS, Event


class EventLog:
    """Written by whoever does the job. Nothing follows the last event."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._changed = threading.Condition()

    @property
    def latest(self) -> Event | None:
        """The event that was reported last."""
        with self._changed:
            return self._events[-1] if self._events else None

    @property
    def ended(self) -> bool:
        return isinstance(self.latest, LAST_EVENTS)

    def events(self, left: threading.Event | None = None) -> Iterator[Event]:
        """All events from the first to the last; blocks between them. `leave` ends it early."""
        read = 0
        event: Event | None = None
        while not isinstance(event, LAST_EVENTS):
            with self._changed:
                while len(self._events) <= read and not (left and left.is_set()):
                    self._changed.wait()
                if left and left.is_set():
                    return
                event = self._events[read]
            yield event
            read += 1

    def leave(self, left: threading.Event) -> None:
        """End the reading that was given `left`, also while it waits."""
        with self._changed:
            left.set()
            self._changed.notify_all()

    def report(self, event: Event) -> None:
        """Add an event; nothing follows the last one."""
        with self._changed:
            if not (self._events and isinstance(self._events[-1], LAST_EVENTS)):
                self._events.append(event)
                self._changed.notify_all()
