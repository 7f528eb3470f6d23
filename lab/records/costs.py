"""What was spent on each day: sums over the ledger's rows, in micros of the currency's unit."""

from collections import defaultdict
from collections.abc import Iterable

from lab.providers.spending import Entry


def by_day(entries: Iterable[Entry]) -> dict[str, int]:
    """What counts for each day, oldest first; a day without calls is not there."""
    days: dict[str, int] = defaultdict(int)
    for entry in entries:
        days[entry.day] += entry.counted
    return dict(sorted(days.items()))
