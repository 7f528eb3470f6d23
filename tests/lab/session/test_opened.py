"""Which assignments the student has and which are open: those the Hub names with their dates, or all."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from exercises.errors import UserError
from exercises.loader import find_assignment
from lab.jobs.running import Task
from lab.session import opened
from lab.session.lab import Lab
from lab.session.opened import Offered, offered
from lab.session.settings import LabSettings

TP2 = find_assignment("tp2")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ids(settings: LabSettings) -> list[str]:
    return [each.assignment.id for each in offered(settings)]


class Clock:
    """What the lab takes for the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = NOON
        monkeypatch.setattr(opened, "now", lambda: self.time)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def set_dates(monkeypatch: pytest.MonkeyPatch, **opens: datetime | None) -> None:
    """The Hub's dates: each assignment with the moment it opens, by its id with _ for -."""
    dates = {
        name.replace("_", "-"): {"opens": moment and moment.isoformat(), "due": (NOON + 9 * HOUR).isoformat()}
        for name, moment in opens.items()
    }
    monkeypatch.setenv("GENAI_OPEN", json.dumps(dates))


def test_alone_all_assignments_are_open_and_none_is_due() -> None:
    found = offered(LabSettings(assignment="api-analysis"))
    assert found[0].assignment.id == "api-analysis"
    assert "tp2" in {each.assignment.id for each in found}
    assert {(each.due, each.opens, each.is_open()) for each in found} == {(None, None, True)}


def test_what_the_hub_names_is_open_with_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_OPEN", '{"api-analysis": "2026-12-01T12:00:00+01:00", "tp2": null}')
    first, second = offered(LabSettings())
    assert (first.assignment.id, first.due) == ("tp2", None)
    assert (second.assignment.id, second.due) == ("api-analysis", datetime(2026, 12, 1, 11, tzinfo=UTC))


def test_a_lab_whose_own_assignment_is_not_open_begins_with_one_that_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GENAI_OPEN", '{"api-analysis": null}')
    assert ids(LabSettings()) == ["api-analysis"]


def test_one_that_cannot_be_read_does_not_close_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "assignment.toml").write_text("points = ")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(tmp_path))
    assert "api-analysis" in ids(LabSettings())
    assert "broken" not in ids(LabSettings())
    with pytest.raises(UserError, match="broken"):
        offered(LabSettings(assignment="broken"))


def test_labs_of_two_assignments_share_queue_and_router_but_not_work_or_what_is_under_way(
    tmp_path: Path,
) -> None:
    lab = Lab(LabSettings(), TP2, tmp_path, "jane", None)  # type: ignore[arg-type]
    other = lab.on(find_assignment("api-analysis"))
    assert lab.on(TP2) is lab
    assert (other.runs, other.engine, other.cache) == (lab.runs, lab.engine, lab.cache)
    assert other.router is lab.router
    assert {lab.folder.name, other.folder.name} == {"tp2", "api-analysis"}

    def failing() -> Any:
        raise UserError("no")

    lab.runs.start(other.task("studio"), [Task("studio", failing)])
    assert lab.runs.of(lab.task("studio")) == []
    assert len(lab.runs.of(other.task("studio"))) == 1
    lab.router.close()


def test_an_assignment_opens_by_itself_in_a_running_lab_when_its_moment_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    set_dates(monkeypatch, tp2=None, api_analysis=NOON + HOUR)
    lab = Lab(LabSettings(), TP2, tmp_path, "jane", None, tuple(offered(LabSettings())))  # type: ignore[arg-type]
    other = lab.on(find_assignment("api-analysis"))
    assert [each.assignment.id for each in lab.offered] == ["tp2", "api-analysis"]
    assert [each.assignment.id for each in lab.opened] == ["tp2"]
    assert (lab.is_open, other.is_open) == (True, False)
    clock.time = NOON + HOUR
    assert [each.assignment.id for each in other.opened] == ["tp2", "api-analysis"]
    assert other.is_open
    assert lab.offered[1].due == NOON + 9 * HOUR


def test_a_lab_whose_own_assignment_opens_later_begins_with_one_that_is_open_or_opens_first(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    set_dates(monkeypatch, tp2=NOON + 2 * HOUR, api_analysis=NOON + HOUR, seeds=NOON)
    assert ids(LabSettings()) == ["seeds", "api-analysis", "tp2"]
    clock.time = NOON - HOUR
    assert ids(LabSettings()) == ["seeds", "api-analysis", "tp2"]
    clock.time = NOON + 3 * HOUR
    assert ids(LabSettings()) == ["tp2", "api-analysis", "seeds"]


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)))
def test_an_assignment_is_open_from_its_moment_on_in_whatever_time_zone_that_is_written(
    opens: datetime,
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(opened, "now", lambda: NOON)
        assert Offered(TP2, opens=opens).is_open() == (opens.timestamp() <= NOON.timestamp())


MOMENTS = st.none() | st.datetimes(timezones=st.timezones(), min_value=datetime(1990, 1, 1)).map(
    lambda moment: moment.isoformat()
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["tp2", "api-analysis", "seeds", "prompts", "gone"]),
        MOMENTS | st.fixed_dictionaries({}, optional={"opens": MOMENTS, "due": MOMENTS}),
        min_size=1,
    )
)
def test_whatever_the_dates_the_lab_begins_with_an_assignment_that_is_open_if_one_is(dates: Any) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GENAI_OPEN", json.dumps(dates))
        try:
            found = offered(LabSettings())
        except UserError:
            assert "gone" in dates
            return
    assert {each.assignment.id for each in found} == set(dates) - {"gone"}
    states = [each.is_open() for each in found]
    assert states == sorted(states, reverse=True)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda s: st.dictionaries(st.text(), s) | st.lists(s),
    )
)
def test_what_is_no_date_is_refused_before_anything_is_shown(anything: Any) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("GENAI_OPEN", json.dumps({"tp2": {"opens": anything}}))
        try:
            dates = (LabSettings().open or {})["tp2"]
        except ValidationError:
            return
    assert dates.opens is None or dates.opens.tzinfo is not None
