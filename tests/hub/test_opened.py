"""The Hub tells a lab which assignments are open to its student."""

import json
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.opened import VARIABLE, tell_open


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


def test_without_deadlines_nothing_is_said_and_what_was_said_before_is_forgotten() -> None:
    made = spawner({}, None, **{VARIABLE: "{}", "KEPT": "1"})
    tell_open(made)
    assert made.environment == {"KEPT": "1"}


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda s: st.dictionaries(st.text(), s) | st.lists(s))
)
def test_properties_that_cannot_be_understood_keep_no_lab_from_starting(anything: Any) -> None:
    made = spawner({"genai_lab": anything}, group(tp2={"due": "2026-12-01T12:00:00Z"}))
    assert told(made) == {"tp2": "2026-12-01T12:00:00+00:00"}
