"""Times as instructors write them: of a day (`08:45`), a date (`2026-11-27 23:59`), or later (`+2d`).

Times are local to this machine unless they contain an offset. A date alone means the end of that day.
"""

import re
from datetime import UTC, datetime, time, timedelta

from hub.cohort.errors import CohortError

JUST_PAST = timedelta(hours=1)
_CLOCK = re.compile(r"([0-9]{1,2})(?::|h(?=[0-9]|$))([0-9]{2})?")
_LATER = re.compile(r"\+([0-9]{1,4})([dhmj])")
_UNITS = {"d": "days", "j": "days", "h": "hours", "m": "minutes"}


def next_clock_time(text: str, now: datetime) -> datetime:
    """Return the next time the clock shows `08:45`, or the last one if it was less than an hour ago.

    `now` must have a time zone. Raises CohortError.
    """
    written = _CLOCK.fullmatch(text.strip())
    if not written or int(written[1]) > 23 or int(written[2] or 0) > 59:
        raise CohortError("cohort.moment.bad_clock", text=text)
    clock = time(int(written[1]), int(written[2] or 0))
    local = now.astimezone()
    moment = _with_offset(datetime.combine(local.date(), clock))
    if moment < local - JUST_PAST:
        moment = _with_offset(datetime.combine(local.date() + timedelta(days=1), clock))
    return moment


def parse_deadline(text: str, *, after: datetime | None = None) -> datetime:
    """Parse a deadline; `+2d`, `+3h` and `+30m` count from `after`. Raises CohortError."""
    text = text.strip()
    later = _LATER.fullmatch(text)
    if later:
        if after is None:
            raise CohortError("cohort.moment.later_than_what", text=text)
        return after + timedelta(**{_UNITS[later[2]]: int(later[1])})
    try:
        moment = datetime.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            moment = datetime.combine(moment.date(), time(23, 59, 59))
        return moment if moment.tzinfo is not None else _with_offset(moment)
    except (ValueError, OverflowError):
        raise CohortError("cohort.moment.bad_date", text=text) from None


def local_text(moment: datetime) -> str:
    """Write a time for a person: local, to the minute."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def utc_now() -> datetime:
    return datetime.now(UTC)


def _with_offset(naive: datetime) -> datetime:
    """Add the offset that this machine's time zone has at that moment."""
    return naive.astimezone()
