"""Ctrl-C in the commands that make pictures: what goes on stops soon, what is being saved is saved whole."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOPPED = 130  # as a shell reports Ctrl-C


@contextmanager
def interrupt_stops(stop: Callable[[], None]) -> Iterator[threading.Event]:
    """Ctrl-C calls `stop` in place of ending the command; what is yielded is set then."""
    interrupted = threading.Event()

    def asked(*_: object) -> None:
        interrupted.set()
        stop()

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)
