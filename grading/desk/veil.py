"""Hides whose work it is, until the names are released.

Rule: with the veil on, a student is a number, and every text that is shown passes `text`: names of the class
in it are replaced, and of the student whose work is shown each longer part of the name too.
"""

import re
from collections.abc import Iterable, Sequence

from exercises.i18n import Translator
from grading.desk.seats import Seat
from grading.wording import shown

SHORTEST_PART = 3  # letters of a part of a name that is hidden by itself


class Veil:
    """`on`: whether names are hidden. `others` are names that the record of the one shown bears besides."""

    def __init__(
        self,
        seats: Iterable[Seat],
        t: Translator,
        *,
        on: bool,
        of: Seat | None = None,
        others: Sequence[str] = (),
    ) -> None:
        self.on, self._t = on, t
        self._names: dict[str, str] = {}  # what is hidden, without case, and what stands in its place
        if not on:
            return
        for seat in seats:
            self._names[seat.entry.name.casefold()] = self.name(seat)
            self._names[seat.entry.folder.casefold()] = self.name(seat)
        if of is None:
            return
        for name in (of.entry.name, *others):
            for part in (name, *re.findall(r"[^\W\d_]+", name)):
                if len(part) >= SHORTEST_PART or part == name:
                    self._names.setdefault(part.casefold(), self.name(of))

    def name(self, seat: Seat) -> str:
        """How a student is called."""
        return self._t("desk.number", number=seat.number) if self.on else seat.entry.name

    def text(self, text: str) -> str:
        """A text as it may be shown."""
        folded = text.casefold()
        there = sorted((name for name in self._names if name in folded), key=len, reverse=True)
        if not there:
            return text
        pattern = rf"(?<!\w)(?:{'|'.join(map(re.escape, there))})(?!\w)"
        return re.sub(pattern, self._instead, text, flags=re.IGNORECASE)

    def _instead(self, found: re.Match[str]) -> str:
        return self._names.get(found.group().casefold(), "…")

    def line(self, text: object, limit: int = 300) -> str:
        """The same of a name or value, in one tame line."""
        return self.text(shown(text, limit))
