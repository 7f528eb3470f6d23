"""How a generation is told in a notebook or a script: one line of text that changes, no widgets."""

import sys
import time
from collections.abc import Iterable

from exercises.i18n import Translator
from lab.engine.protocol import Loading, Queued, Step

EVERY = 0.3  # seconds between two changes of the line


class ProgressLine:
    """A line that is written over; nothing is written where nobody looks at it as it changes (a file)."""

    def __init__(self, t: Translator) -> None:
        self._t = t
        self._shown = sys.stdout.isatty() or "ipykernel" in sys.modules
        self._length = 0
        self._last = 0.0

    def tell(self, run: str, place: str, event: object) -> None:
        """Show where a run is, if that is news."""
        match event:
            case Queued():
                said = self._t("run.waiting")
            case Loading(model):
                said = self._t("run.loading", model=model)
            case Step(step, steps, _, remaining):
                left = self._t("run.left", seconds=round(remaining))
                said = f"{step}/{steps}  {left}"
            case _:
                return
        now = time.monotonic()
        if isinstance(event, Step) and event.step < event.steps and now - self._last < EVERY:
            return
        self._last = now
        self._write((place, run, said))

    def clear(self) -> None:
        """Leave no trace; what was made is what is shown."""
        if self._length:
            self._print("\r" + " " * self._length + "\r")
            self._length = 0

    def _write(self, words: Iterable[str]) -> None:
        if not self._shown:
            return
        text = "  ".join(word for word in words if word)
        self._print("\r" + text.ljust(self._length))
        self._length = max(self._length, len(text))

    def _print(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
