"""Times as instructors write them: of a day (`08:45`), a date (`2026-11-27 23:59`), or later (`+2d`).

Times are local to this machine unless they contain an offset. A date alone means the end of that day, and
days later are days of the calendar: the hour stays when the clocks change. What opens on a date opens when
that day begins. In French, dates may be written as `27/11/2026 23:59` or `27/11/2026 à 23h59`.
"""

import re
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import Literal

from exercises.i18n import Language, preferred_language
from hub.cohort.errors import CohortError

JUST_PAST = timedelta(hours=1)
MIDNIGHT, DAYS_END = time(), time(23, 59, 59)
_CLOCK = re.compile(r"([0-9]{1,2})(?::|h(?=[0-9]|$))([0-9]{2})?")
_LATER = re.compile(r"\+([0-9]{1,4})([dhmj])")
_UNITS = {"h": "hours", "m": "minutes"}
_FRENCH_DATE = re.compile(
    r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?:,?\s+(?:à\s+)?([0-9]{1,2})(?::|\s?h\s?(?=[0-9]|$))([0-9]{2})?)?"
)


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


def parse_deadline(text: str, *, after: datetime | None = None, language: Language | None = None) -> datetime:
    """Parse a deadline; `+2d`, `+3h` and `+30m` count from `after`. Raises CohortError.

    `language` is that of the person, who may write dates as it is usual there.
    """
    text = text.strip()
    later = _LATER.fullmatch(text)
    if later and after is None:
        raise CohortError("cohort.moment.later_than_what", text=text)
    try:
        if later and after is not None:
            return _later(after, int(later[1]), later[2])
        return _latest(_date(text, language, DAYS_END))
    except (ValueError, OverflowError):
        raise CohortError("cohort.moment.bad_date", text=text) from None


def parse_opening(text: str, *, language: Language | None = None) -> datetime | Literal["at once"]:
    """Parse when something opens: a date as for deadlines, or `now`, which is at once. Raises CohortError."""
    text = text.strip()
    if text == "now":
        return "at once"
    try:
        return _earliest(_date(text, language, MIDNIGHT))
    except (ValueError, OverflowError):
        raise CohortError("cohort.moment.bad_opening", text=text) from None


def _date(text: str, language: Language | None, alone: time) -> datetime:
    """Parse a date as that language writes it; one alone means `alone` of that day. Raises ValueError."""
    moment = _french_date(text, alone) if (language or preferred_language()) == "fr" else None
    return showable(moment if moment is not None else _iso_date(text, alone))


def showable(moment: datetime) -> datetime:
    """The moment, if a clock of any time zone can show it. Raises ValueError at the calendar's two ends."""
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError(moment)
    return moment


def _later(moment: datetime, count: int, unit: str) -> datetime:
    if unit in _UNITS:
        return moment + timedelta(**{_UNITS[unit]: count})
    return _latest(moment.astimezone().replace(tzinfo=None) + timedelta(days=count))


def _iso_date(text: str, alone: time) -> datetime:
    """Parse a date, or a date with a time, in any form of ISO 8601. Raises ValueError."""
    try:
        return datetime.combine(date.fromisoformat(text), alone)
    except ValueError:
        return datetime.fromisoformat(text)


def _french_date(text: str, alone: time) -> datetime | None:
    """Parse day, month and year, or return None for what is written otherwise. Raises ValueError."""
    written = _FRENCH_DATE.fullmatch(text)
    if written is None:
        return None
    day = date(int(written[4]), int(written[3]), int(written[1]))
    if written[5] is None:
        return datetime.combine(day, alone)
    return datetime.combine(day, time(int(written[5]), int(written[6] or 0)))


def local_text(moment: datetime) -> str:
    """Write a time for a person: local, to the minute."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def utc_now() -> datetime:
    return datetime.now(UTC)


def _with_offset(naive: datetime) -> datetime:
    """Add the offset that this machine's time zone has at that moment."""
    return naive.astimezone()


def _latest(moment: datetime) -> datetime:
    """Add the offset, if there is none: of a time that the clocks show twice, or skip, the later one."""
    return max(_readings(moment))


def _earliest(moment: datetime) -> datetime:
    """Add the offset, if there is none: of a time that the clocks show twice, or skip, the earlier one."""
    return min(_readings(moment))


def _readings(moment: datetime) -> list[datetime]:
    """The moments that a time may mean: one, or two where the clocks show it twice, or skip it."""
    if moment.tzinfo is not None:
        return [moment]
    return [_with_offset(moment.replace(fold=fold)) for fold in (0, 1)]
