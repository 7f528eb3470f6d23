"""Which assignments are open to the student, and until when.

Below a Hub the instructor's deadlines say so (`GENAI_OPEN`, which the Hub sets); alone all of them are. One
that cannot be read is left out, and the log says why: it must not close the others.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.loader import assignment_ids, find_assignment
from lab.session.settings import LabSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """An assignment with its deadline; None where there is none."""

    assignment: Assignment
    due: datetime | None = None


def opened(settings: LabSettings) -> list[Opened]:
    """The open assignments, that of the settings first.

    Raises UserError where that one is open and cannot be read, or none can.
    """
    ids = _ids(settings)
    found = []
    for assignment_id in ids:
        try:
            assignment = find_assignment(assignment_id)
        except UserError as error:
            if assignment_id == ids[0]:
                raise
            log.warning("An assignment is left out: %s", error)
            continue
        found.append(Opened(assignment, (settings.open or {}).get(assignment_id)))
    return found


def _ids(settings: LabSettings) -> list[str]:
    first = settings.assignment
    if settings.open:
        return sorted(settings.open, key=lambda each: (each != first, each))
    try:
        others = assignment_ids()
    except UserError as error:
        log.warning("Only one assignment is open: %s", error)
        others = []
    return [first, *(each for each in others if each != first)]
