"""The Hub tells a lab which assignments are open to its student."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.opened import VARIABLE, tell_open
from lab.session.settings import LabSettings


def spawner(*properties: Any, **environment: str) -> Any:
    groups = [SimpleNamespace(name=f"g{n}", properties=p) for n, p in enumerate(properties)]
    return SimpleNamespace(user=SimpleNamespace(name="jane", groups=groups), environment=environment)


def group(**deadlines: Any) -> dict[str, Any]:
    return {"genai_lab": {"deadlines": deadlines}}


def told(made: Any) -> Any:
    tell_open(made)
    return json.loads(made.environment[VARIABLE])


def test_the_deadlines_of_the_students_groups_open_their_assignments() -> None:
    one = group(tp2={"due": "2026-12-01T12:00:00Z"})
    two = group(tp2={"due": "2026-12-03T12:00:00Z"}, seeds={"due": "2027-01-01T00:00:00Z"})
    found = told(spawner(one, two, KEPT="1"))
    assert found == {"seeds": "2027-01-01T00:00:00+00:00", "tp2": "2026-12-03T12:00:00+00:00"}


def test_an_extension_is_the_students_own() -> None:
    later = {"due": "2026-12-01T12:00:00Z", "extensions": {"jane": "2026-12-05T12:00:00Z"}}
    assert told(spawner(group(tp2=later))) == {"tp2": "2026-12-05T12:00:00+00:00"}


def test_what_opens_later_is_told_with_its_moment_and_an_extension_opens_nothing_earlier() -> None:
    dates = {"due": "2026-12-01T12:00:00Z", "opens": "2026-11-20T08:00:00Z"}
    extended = {**dates, "extensions": {"jane": "2026-12-05T12:00:00Z"}}
    assert told(spawner(group(tp2=extended))) == {
        "tp2": {"opens": "2026-11-20T08:00:00+00:00", "due": "2026-12-05T12:00:00+00:00"}
    }


def test_the_earliest_opening_of_the_students_groups_counts() -> None:
    early = group(tp2={"due": "2026-12-01T12:00:00Z", "opens": "2026-11-20T08:00:00+01:00"})
    late = group(tp2={"due": "2026-12-03T12:00:00Z", "opens": "2026-11-21T08:00:00Z"})
    at_once = group(tp2={"due": "2026-11-28T12:00:00Z"})
    assert told(spawner(late, early)) == {
        "tp2": {"opens": "2026-11-20T08:00:00+01:00", "due": "2026-12-03T12:00:00+00:00"}
    }
    assert told(spawner(late, at_once, early)) == {"tp2": "2026-12-03T12:00:00+00:00"}


def test_the_lab_understands_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = spawner(
        group(tp2={"due": "2026-12-01T12:00:00Z", "opens": "2026-11-20T08:00:00Z"}),
        group(seeds={"due": "2026-12-01T12:00:00Z"}),
    )
    tell_open(made)
    monkeypatch.setenv(VARIABLE, made.environment[VARIABLE])
    read = LabSettings().open or {}
    assert {name: (dates.opens, dates.due) for name, dates in read.items()} == {
        "tp2": (datetime(2026, 11, 20, 8, tzinfo=UTC), datetime(2026, 12, 1, 12, tzinfo=UTC)),
        "seeds": (None, datetime(2026, 12, 1, 12, tzinfo=UTC)),
    }


def test_without_deadlines_nothing_is_said_and_what_was_said_before_is_forgotten() -> None:
    made = spawner({}, None, **{VARIABLE: "{}", "KEPT": "1"})
    tell_open(made)
    assert made.environment == {"KEPT": "1"}


@settings(deadline=None)
@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda s: st.dictionaries(st.text(), s) | st.lists(s))
)
def test_properties_that_cannot_be_understood_keep_no_lab_from_starting(anything: Any) -> None:
    made = spawner({"genai_lab": anything}, group(tp2={"due": "2026-12-01T12:00:00Z"}))
    assert told(made) == {"tp2": "2026-12-01T12:00:00+00:00"}
