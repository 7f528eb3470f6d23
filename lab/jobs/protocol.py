"""What all jobs share: a stream of events, a way to stop, and what the last event says is on disk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, Self

from lab.providers.protocol import Alert


@dataclass(frozen=True)
class Stored:
    """What a job was for is on disk: its last event. Each kind of job adds what it stored.

    `alerts` are the budgets that have reached a level with this job's call to a provider.
    """

    alerts: tuple[Alert, ...] = field(default=(), kw_only=True)

    def remembered(self) -> Self:
        """What of it is kept in memory once everybody was told."""
        return self


class StoppableJob(Protocol):
    """Something under way that tells of itself, and last what it stored."""

    def events(self) -> Iterator[object]:
        """For one reader; blocks between events. Raises UserError where the job fails."""

    def cancel(self) -> None:
        """Stop soon; may be called from any thread, more than once."""
