"""Which assignments the student has, from when they are open, and until when.

Below a Hub the instructor's dates say so (`GENAI_OPEN`, which the Hub sets); alone all of them are open. One
opens by itself when its moment comes: whoever shows it asks `is_open` at each look. One that cannot be read
is left out, and the log says why: it must not close the others.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.loader import assignment_ids, find_assignment
from lab.session.settings import Dates, LabSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offered:
    """An assignment, the moment from which it is open (None: at once) and its deadline, if there is one."""

    assignment: Assignment
    due: datetime | None = None
    opens: datetime | None = None

    def is_open(self) -> bool:
        return is_past(self.opens)


def offered(settings: LabSettings) -> list[Offered]:
    """The student's assignments: the open ones, that of the settings first; then the others as they open.

    Raises UserError where the first cannot be read.
    """
    dates = _dates(settings)
    found = []
    for number, (assignment_id, (opens, due)) in enumerate(dates.items()):
        try:
            assignment = find_assignment(assignment_id)
        except UserError as error:
            if number == 0:
                raise
            log.warning("An assignment is left out: %s", error)
            continue
        found.append(Offered(assignment, due, opens))
    return found


def is_past(opens: datetime | None) -> bool:
    """Whether the moment has come; None stands for one that always has."""
    return opens is None or opens <= now()


def now() -> datetime:
    return datetime.now(UTC)


def _dates(settings: LabSettings) -> dict[str, tuple[datetime | None, datetime | None]]:
    """When each assignment opens and is due, in their order."""
    first = settings.assignment
    if settings.open:
        return {
            name: (dates.opens, dates.due)
            for name, dates in sorted(settings.open.items(), key=lambda item: _order(item[0], item[1], first))
        }
    try:
        others = assignment_ids()
    except UserError as error:
        log.warning("Only one assignment is open: %s", error)
        others = []
    return dict.fromkeys([first, *others], (None, None))


def _order(name: str, dates: Dates, first: str) -> tuple[float, bool, str]:
    """What is open comes before what opens later; of those that open together, `first` comes first."""
    waits = 0.0 if dates.opens is None or is_past(dates.opens) else dates.opens.timestamp()
    return waits, name != first, name
