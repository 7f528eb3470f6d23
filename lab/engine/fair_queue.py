"""Whose turn it is: deficit round robin over students (Shreedhar and Varghese, 1996).

Rule: while several wait, each is served as much work as the others, whatever the size or number of their
requests; so who sends a hundred pictures delays a newcomer by no more than one turn of each who waits. What
an instructor shows to the class goes first. Work is counted before it is done: steps x pixels x rows of the
UNet (two with guidance).
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from manifests.manifest import Request

Item = TypeVar("Item")


class LineFull(Exception):
    """A student has as many requests in the line as one may have."""


def cost(steps: int, width: int, height: int, guided: bool) -> int:
    """The work of one picture."""
    return steps * width * height * (2 if guided else 1)


def cost_of_step(request: Request) -> int:
    """The work of one of a request's steps."""
    return cost(1, request.width, request.height, request.guidance_scale > 1)


def steps_of(request: Request) -> int:
    """The steps that will be made: image to image begins on the way."""
    return max(1, int(request.steps * (1.0 if request.strength is None else request.strength)))


QUANTUM = cost(30, 256, 256, guided=True)  # what a student may be served in one turn: an ordinary picture


@dataclass
class _Student(Generic[Item]):
    """What one student waits for, and what of earlier turns is left to them."""

    line: deque[tuple[Item, int]] = field(default_factory=deque)
    deficit: int = 0
    begun: bool = False  # whether its turn is now


class FairQueue(Generic[Item]):
    """For one thread at a time. `most`: how many requests of one student may wait."""

    def __init__(self, most: int = 200, quantum: int = QUANTUM) -> None:
        self.most, self.quantum = most, quantum
        self._first: deque[Item] = deque()
        self._students: OrderedDict[str, _Student[Item]] = OrderedDict()  # whose turn it is stands in front

    def __len__(self) -> int:
        return len(self._first) + sum(len(student.line) for student in self._students.values())

    def students(self) -> set[str]:
        """Who waits."""
        return set(self._students)

    def put(self, item: Item, student: str, work: int, *, first: bool = False) -> None:
        """Add a request at the end of its student's line, or before all others. Raises LineFull."""
        if first:
            self._first.append(item)
            return
        line = self._students.setdefault(student, _Student()).line
        if len(line) >= self.most:
            raise LineFull
        line.append((item, work))

    def take(self, may: Callable[[str], bool] = lambda _: True) -> Item | None:
        """The request whose turn it is; None if nobody waits who `may` be served now.

        Whoever may not keeps what is left of earlier turns, and gets no new one meanwhile.
        """
        if self._first:
            return self._first.popleft()
        ready = {name for name in self._students if may(name)}
        if not ready:
            return None
        self._skip_rounds(ready)
        while True:
            name, student = next(iter(self._students.items()))
            if name not in ready:
                self._students.move_to_end(name)
                continue
            item, work = student.line[0]
            if not student.begun:
                student.begun = True
                student.deficit += self.quantum
            if student.deficit < work:  # the turn is over
                student.begun = False
                self._students.move_to_end(name)
                continue
            student.line.popleft()
            student.deficit -= work
            if not student.line:  # who has nothing in the line keeps nothing for later
                del self._students[name]
            return item

    def _skip_rounds(self, ready: set[str]) -> None:
        """Where all wait for something large, pass at once the rounds in which nobody would be served."""
        students = [self._students[name] for name in ready]
        missing = min(student.line[0][1] - student.deficit for student in students)
        rounds = -(-missing // self.quantum) - 2  # one may have begun, the next is the one that serves
        for student in students:
            student.deficit += max(0, rounds) * self.quantum

    def remove(self, item: Item) -> bool:
        """Take a request out of the line; whether it was there."""
        if item in self._first:
            self._first.remove(item)
            return True
        for name, student in self._students.items():
            for entry in student.line:
                if entry[0] == item:
                    student.line.remove(entry)
                    if not student.line:
                        del self._students[name]
                    return True
        return False

    def __iter__(self) -> Iterator[Item]:
        """All who wait, in the order in which they would be served if nobody else came."""
        copy: FairQueue[Item] = FairQueue(self.most, self.quantum)
        copy._first = self._first.copy()
        copy._students = OrderedDict(
            (name, _Student(student.line.copy(), student.deficit, student.begun))
            for name, student in self._students.items()
        )
        while (item := copy.take()) is not None:
            yield item
