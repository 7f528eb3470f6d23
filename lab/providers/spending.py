"""What may be spent, what was, and call by call: the ledger's words for them. Amounts are micros.

`Standing` is what a student is shown: their own calls, and every budget that holds for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lab.providers.protocol import BudgetName, Kind, Origin

State = Literal["reserved", "settled", "released"]


@dataclass(frozen=True)
class BudgetLimits:
    """In micros; None is no limit. `day` is for one student and day.

    `students`: those who have another limit than `student`; `groups`: what each of them has together.
    """

    student: int | None = None
    class_: int | None = None
    day: int | None = None
    groups: Mapping[str, int] = field(default_factory=dict)
    students: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        alone = (self.student, self.class_, self.day) != (None, None, None)
        return alone or bool(self.groups or self.students)


@dataclass(frozen=True)
class Budget:
    """How a budget stands, in micros: `counted` is spent and set aside together."""

    name: BudgetName
    limit: int | None
    counted: int
    reserved: int  # of that, for calls on their way
    group: str = ""  # whose, where it is a group's

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.counted)

    @property
    def percent(self) -> int:
        """Whole percent of the limit, rounded down; a limit of zero is reached."""
        if self.limit is None:
            return 0
        return 100 * self.counted // self.limit if self.limit else 100


@dataclass(frozen=True)
class Entry:
    """One row, its columns in the table's order: a call that was sent, is on its way, or was not needed.

    `outcome` is "pending", "answered", "cached", "abandoned" or an error's code.
    """

    id: int
    student: str
    class_: str
    day: str
    provider: str
    model: str
    kind: Kind
    state: State
    reserved: int
    counted: int
    cost: int | None
    currency: str
    origin: Origin | None
    input_tokens: int | None
    output_tokens: int | None
    images: int | None
    time: float
    expires: float
    seconds: float | None
    outcome: str


@dataclass(frozen=True)
class Standing:
    """How a student stands; `entries` are their newest calls, newest first."""

    currency: str
    budgets: tuple[Budget, ...]
    entries: tuple[Entry, ...]
