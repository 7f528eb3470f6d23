"""What there is to judge, in which order, and what of it is done.

A *place* is one exercise of one submission: what a person has before them at once. A place is open while one
of its checks waits for a person.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from exercises.assignment import Assignment
from exercises.kinds import Exercise
from grading.desk.seats import Seat
from grading.feedback.document import LookAgain
from grading.marks.mark import NAME, Decision
from grading.results import CheckResult

Show = Literal["open", "again", "all", "flagged", "late", "no_receipt"]
SHOWS: tuple[Show, ...] = get_args(Show)
Order = Literal["question", "student"]
ORDERS: tuple[Order, ...] = get_args(Order)


@dataclass(frozen=True)
class Place:
    """One exercise of one submission. `wish`: that the student asks for another look, or asked."""

    exercise: Exercise
    seat: Seat
    wish: LookAgain | None = None

    @property
    def asked(self) -> list[CheckResult]:
        """The checks that a person is asked to judge."""
        return self.seat.asked(self.exercise.id)

    @property
    def open(self) -> bool:
        return any(check.needs_person for check in self.asked)


_FILTERS: dict[Show, Callable[[Place], bool]] = {
    "open": lambda place: place.open,
    "again": lambda place: place.wish is not None and place.wish.answer is None,
    "all": lambda place: bool(place.asked),
    "flagged": lambda place: place.seat.is_flagged,
    "late": lambda place: bool(place.seat.grade.lateness and place.seat.grade.lateness.late_seconds),
    "no_receipt": lambda place: place.seat.grade.without_receipt > 0,
}


def order_of(seats: Iterable[Seat], *, hidden: bool) -> list[Seat]:
    """The seats by name, or by number where names are hidden: their order must not betray them."""
    return sorted(seats, key=lambda s: (s.number, "") if hidden else (0, s.entry.name.casefold()))


Wished = Mapping[tuple[str, str], LookAgain]  # by student and exercise


def place_of(exercise: Exercise, seat: Seat, wishes: Wished) -> Place:
    return Place(exercise, seat, wishes.get((seat.entry.name, exercise.id)))


def places(assignment: Assignment, seats: Sequence[Seat], order: Order, wishes: Wished) -> list[Place]:
    """All places: question by question, or student by student."""
    graded = [seat for seat in seats if seat.grade.gradable]
    if order == "question":
        return [place_of(each, seat, wishes) for each in assignment.exercises for seat in graded]
    return [place_of(each, seat, wishes) for seat in graded for each in assignment.exercises]


def wanted(all_places: Iterable[Place], show: Show) -> list[Place]:
    """Those that a filter shows: of what people judge; where it is about submissions, all their exercises
    that people judge. A student may ask about any exercise."""
    return [place for place in all_places if _fits(place, show)]


def _fits(place: Place, show: Show) -> bool:
    return _FILTERS[show](place) and bool(place.asked or show == "again")


def neighbours(
    all_places: Sequence[Place], exercise: str, key: str, show: Show
) -> tuple[Place | None, Place | None]:
    """What comes before and after a place, of what the filter shows; the place itself need not be shown.
    After the last one that waits comes the first that was passed over."""
    here = next(
        (n for n, p in enumerate(all_places) if p.exercise.id == exercise and p.seat.key == key), None
    )
    if here is None:
        return None, None
    before = next((p for p in reversed(all_places[:here]) if _fits(p, show)), None)
    later = [*all_places[here + 1 :], *(all_places[:here] if show in ("open", "again") else ())]
    after = next((p for p in later if _fits(p, show)), None)
    return before, after


@dataclass(frozen=True)
class Progress:
    """How many of the places of one exercise are judged."""

    exercise: Exercise
    done: int
    total: int
    first: Place | None  # the first that is open, else the first of all


def progress(assignment: Assignment, seats: Sequence[Seat]) -> list[Progress]:
    """For each exercise of which a person judges something."""
    found = []
    by_question = places(assignment, seats, "question", {})
    for exercise in assignment.exercises:
        own = [p for p in by_question if p.exercise.id == exercise.id and p.asked]
        if own:
            still = [p for p in own if p.open]
            first = next(iter([*still, *own]))
            found.append(Progress(exercise, len(own) - len(still), len(own), first))
    return found


@dataclass(frozen=True)
class Grader:
    """What one person did: how many marks that hold now, of how many students, and when the last."""

    name: str
    marks: int
    students: int
    last: datetime


def graders(decisions: Iterable[Decision]) -> list[Grader]:
    """Who decided what holds now, the most diligent first."""
    decided = [d for d in decisions if d.mark.decides and not d.check.startswith(NAME)]
    counts = Counter(d.author for d in decided)
    return [
        Grader(
            name,
            count,
            len({d.student for d in decided if d.author == name}),
            max(d.time for d in decided if d.author == name),
        )
        for name, count in counts.most_common()
    ]
