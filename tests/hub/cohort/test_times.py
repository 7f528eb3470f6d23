"""Tests of parsing times as instructors write them."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

import pytest

from hub.cohort.errors import CohortError
from hub.cohort.times import local_text, next_clock_time, parse_deadline, parse_opening


@pytest.fixture(autouse=True)
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """The zone that this machine is in: Paris, or the one a test is parametrized with."""
    name = getattr(request, "param", "Europe/Paris")
    monkeypatch.setenv("TZ", name)
    monkeypatch.setenv("GENAI_LANGUAGE", "en")
    time.tzset()
    yield ZoneInfo(name)
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
        ("20261127", "2026-11-27T22:59:59+00:00"),
        ("2026-W48-5", "2026-11-27T22:59:59+00:00"),
        ("20261127T2359", "2026-11-27T22:59:00+00:00"),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("27/11/2026 23:59", "2026-11-27 23:59:00"),
        ("27/11/2026 à 23h59", "2026-11-27 23:59:00"),
        ("27/11/2026, 23 h 59", "2026-11-27 23:59:00"),
        ("7/3/2027 8h", "2027-03-07 08:00:00"),
        ("27/11/2026", "2026-11-27 23:59:59"),
        ("27.11.2026", "2026-11-27 23:59:59"),
        ("2026-11-27 23:59", "2026-11-27 23:59:00"),
    ],
)
def test_a_date_as_the_french_write_it_is_taken_in_french(text: str, expected: str) -> None:
    assert f"{parse_deadline(text, language='fr').astimezone():%Y-%m-%d %H:%M:%S}" == expected


@pytest.mark.parametrize(
    "text", ["31/02/2026", "11/27/2026", "27/11-2026", "27/11/26", "27/11/2026 24:00", "27/11"]
)
def test_what_is_no_date_in_french_is_said(text: str) -> None:
    with pytest.raises(CohortError) as caught:
        parse_deadline(text, language="fr")
    assert "27/11/2026" in caught.value.in_language("fr")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", "2026-11-19T23:00:00+00:00"),  # that day's beginning
        ("2026-11-20 08:45", "2026-11-20T07:45:00+00:00"),
        ("2026-11-20 08:45Z", "2026-11-20T08:45:00+00:00"),
        ("2026-10-25 02:30", "2026-10-25T00:30:00+00:00"),  # shown twice: the first
    ],
)
def test_an_opening_is_a_date_of_which_one_alone_means_the_days_beginning(text: str, expected: str) -> None:
    opens = parse_opening(text)
    assert isinstance(opens, datetime)
    assert opens.astimezone(UTC).isoformat() == expected


def test_an_opening_may_be_now_or_written_as_the_french_do() -> None:
    assert parse_opening(" now ") == "at once"
    assert parse_opening("20/11/2026", language="fr") == parse_opening("2026-11-20")


@pytest.mark.parametrize("text", ["0001-01-01 00:00+01:00", "9999-12-31 23:59-05:00"])
def test_what_no_clock_of_another_zone_can_show_is_no_date(text: str) -> None:
    for parse in (parse_deadline, parse_opening):
        with pytest.raises(CohortError):
            parse(text)


@pytest.mark.parametrize("text", ["", "soon", "20/11/2026", "+2d", "2026-13-01", "0001-01-01"])
def test_what_is_no_opening_is_said_with_how_to_write_one(text: str) -> None:
    with pytest.raises(CohortError, match="or now"):
        parse_opening(text)


def changes_of(zone: ZoneInfo) -> list[date]:
    """The days of ten years on which the clocks change."""
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(3653)]
    midnights = [datetime.combine(day, clock(), zone).astimezone(UTC) for day in days]
    return [
        day for day, a, b in zip(days, midnights, midnights[1:], strict=False) if b - a != timedelta(days=1)
    ]


TWO_ZONES = pytest.mark.parametrize("zone", ["Europe/Paris", "Africa/Cairo"], indirect=True)


@TWO_ZONES
def test_days_later_keep_the_hour_over_every_change_of_the_clocks(zone: ZoneInfo) -> None:
    """Cairo's clocks change at midnight."""
    changes = changes_of(zone)
    assert len(changes) > 10
    for day in changes:
        for before in (1, 2):
            for hour in range(24):
                due = parse_deadline(f"{day - timedelta(days=before)} {hour:02}:30")
                later = parse_deadline(f"+{before + 1}d", after=due.astimezone(UTC))
                expected = datetime.combine(day + timedelta(days=1), clock(hour, 30))
                assert later.astimezone(zone).replace(tzinfo=None) == expected
                assert parse_deadline("+24h", after=due) - due == timedelta(hours=24)


@TWO_ZONES
def test_a_date_alone_is_the_last_second_of_the_day_also_when_the_clocks_change(zone: ZoneInfo) -> None:
    for day in changes_of(zone):
        for near in (day - timedelta(days=1), day, day + timedelta(days=1)):
            for text in (str(near), f"{near:%Y%m%d}"):
                end = parse_deadline(text).astimezone(UTC)
                assert end.astimezone(zone).date() == near
                assert (end + timedelta(seconds=1)).astimezone(zone).date() == near + timedelta(days=1)


@TWO_ZONES
def test_a_time_that_the_clocks_show_twice_or_skip_is_the_later_one(zone: ZoneInfo) -> None:
    for day in changes_of(zone):
        for minute in range(0, 24 * 60, 30):
            text = f"{day} {minute // 60:02}:{minute % 60:02}"
            due = parse_deadline(text)
            naive = datetime.combine(day, clock(minute // 60, minute % 60), zone)
            assert due >= max(naive.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
            assert f"{due.astimezone(zone):%Y-%m-%d %H:%M}" >= text
