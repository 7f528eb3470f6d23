"""Whom a gate before the desk let in, and whose submissions are given to them.

Rule: without such a gate there is one secret and one class, and whoever has entered sees all of it. Below a
Hub everything on the desk is of the submissions given to the one who asks: for them there are no others.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from grading.desk.seats import Seat

_KEY = "genai_lab.desk.visitor"  # in the ASGI scope, which no request can write


@dataclass(frozen=True)
class Visitor:
    """`name` is the Hub's, and the author of every mark. `students` are the names of those whose submissions
    are given to them; None: everyone's, as of an instructor. `groups` are those that the students are of."""

    name: str
    students: frozenset[str] | None = None
    groups: tuple[str, ...] = ()

    @property
    def teaches(self) -> bool:
        return self.students is None

    def sees(self, seat: Seat) -> bool:
        """Whether the submission is given to them. One's own never is."""
        return self.has(seat.entry.student)

    def has(self, student: str) -> bool:
        """Whether the student's submission is given to them."""
        return self.students is None or student in self.students - {self.name}


def let_in(scope: MutableMapping[str, Any], visitor: Visitor) -> MutableMapping[str, Any]:
    """The scope of a request, with who makes it."""
    return {**scope, _KEY: visitor}


def visitor_of(scope: MutableMapping[str, Any]) -> Visitor | None:
    """Who makes a request; None where the desk's own secret let them in."""
    found = scope.get(_KEY)
    return found if isinstance(found, Visitor) else None
