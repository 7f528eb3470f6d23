"""Tests of parsing times as instructors write them."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from hub.cohort.errors import CohortError
from hub.cohort.times import local_text, next_clock_time, parse_deadline


@pytest.fixture(autouse=True)
def _in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    os.environ.pop("TZ")
    time.tzset()


EIGHT = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # 8 in Paris


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("08:45", 0.75),
        ("8:45", 0.75),
        ("8h45", 0.75),
        ("9h", 1),
        ("07:30", -0.5),
        ("06:00", 22),
        ("23:59", 15 + 59 / 60),
    ],
)
def test_a_time_of_day_is_the_next_one_or_one_that_has_just_passed(text: str, hours: float) -> None:
    assert next_clock_time(text, EIGHT) - EIGHT == timedelta(hours=hours)


def test_the_next_morning_is_right_across_a_change_of_the_clocks() -> None:
    evening = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)  # clocks change this night, so it is 25 hours
    assert local_text(next_clock_time("08:45", evening)) == "2026-10-25 08:45"


@pytest.mark.parametrize("text", ["", "8", "24:00", "8:60", "08:45:00", "08:45+01:00", "soon", "8h4", "٨:٤٥"])
def test_what_is_no_time_of_day_is_said(text: str) -> None:
    with pytest.raises(CohortError):
        next_clock_time(text, EIGHT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-27 23:59", "2026-11-27T22:59:00+00:00"),
        ("2026-11-27T23:59", "2026-11-27T22:59:00+00:00"),
        ("2026-11-27", "2026-11-27T22:59:59+00:00"),
        ("2026-07-01 12:00", "2026-07-01T10:00:00+00:00"),
        ("2026-11-27T23:59Z", "2026-11-27T23:59:00+00:00"),
        ("2026-11-27 23:59+05:00", "2026-11-27T18:59:00+00:00"),
    ],
)
def test_a_date_is_local_unless_it_says_otherwise(text: str, expected: str) -> None:
    assert parse_deadline(text).astimezone(UTC).isoformat() == expected


@pytest.mark.parametrize(("text", "hours"), [("+2d", 48), ("+2j", 48), ("+3h", 3), ("+30m", 0.5)])
def test_later_counts_from_a_deadline(text: str, hours: float) -> None:
    assert parse_deadline(text, after=EIGHT) - EIGHT == timedelta(hours=hours)
    with pytest.raises(CohortError):
        parse_deadline(text)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "27/11/2026", "2026-13-01", "+2", "+2w", "+99999d", "-2d", "0001-01-01"]
)
def test_what_is_no_date_is_said(text: str) -> None:
    with pytest.raises(CohortError):
        local_text(parse_deadline(text, after=EIGHT))
