"""Who is stuck: the same thing wrong after several pictures, or nothing gained for a while though at work.

Only a running lab's student can be stuck, and nobody who has earned all that can be earned. What a lab
says decides; that there is work at all is the Hub's own word.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.class_page.known import Seen
from hub.cohort.told import Failing

AGAIN = 3  # pictures of the same run, and it is wrong still
QUIET = timedelta(minutes=20)  # without anything gained
PRESENT = timedelta(minutes=20)  # without activity, somebody is away and not stuck


@dataclass(frozen=True)
class Trouble:
    """`again` is what is wrong again and again; else `quiet` is how long nothing was gained."""

    again: Failing | None
    quiet: timedelta

    @property
    def urgency(self) -> tuple[int, timedelta]:
        """The larger, the earlier in the list."""
        return (self.again.attempts if self.again else 0, self.quiet)


def trouble_of(seen: Seen | None, last_activity: datetime | None, now: datetime) -> Trouble | None:
    """Of a student whose lab runs and answers."""
    if seen is None or last_activity is None or now - last_activity > PRESENT or _finished(seen):
        return None
    quiet = max(now - seen.gained, timedelta(0))
    worst = max(seen.progress.failing, key=lambda failing: failing.attempts, default=None)
    if worst is not None and worst.attempts >= AGAIN:
        return Trouble(worst, quiet)
    return Trouble(None, quiet) if quiet >= QUIET else None


def _finished(seen: Seen) -> bool:
    """Whether only a person's judgement is missing."""
    progress = seen.progress
    earned = progress.points + sum(exercise.open for exercise in progress.exercises)
    return earned >= progress.maximum - 0.005
