"""Tests of openings and deadlines in a group's properties: which count, what is kept, what is refused."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.cohort.client import Group, HubClient
from hub.cohort.deadlines import (
    KEY,
    dates_for,
    deadline_of,
    due_for,
    extend,
    with_due,
    with_extension,
)
from hub.cohort.errors import CohortError
from tests.hub.cohort.fakes import FakeHub, FakeRequest, pages

DUE = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
DAY = timedelta(days=1)


def group(
    name: str = "TD1", users: tuple[str, ...] = ("ann", "bob"), properties: dict[str, Any] | None = None
) -> Group:
    return Group(name=name, users=users, properties=properties or {})


def dated(name: str = "TD1", due: datetime = DUE, **more: Any) -> Group:
    bare = group(name, **more)
    return bare.model_copy(update={"properties": with_due(bare, "tp2", due)})


def extended(before: Group, user: str, until: datetime) -> Group:
    return before.model_copy(update={"properties": with_extension(before, "tp2", user, until)})


def test_without_a_deadline_nobody_has_one() -> None:
    assert due_for("ann", "tp2", [group()]) is None
    assert due_for("ann", "tp3", [dated()]) is None
    assert due_for("eve", "tp2", [dated()]) is None


def test_an_extension_is_for_one_alone() -> None:
    groups = [extended(dated(), "ann", DUE + DAY)]
    assert due_for("ann", "tp2", groups) == DUE + DAY
    assert due_for("bob", "tp2", groups) == DUE


def test_who_is_in_several_groups_has_the_latest() -> None:
    assert due_for("ann", "tp2", [dated(), dated("TD2", DUE + DAY), group("TD3")]) == DUE + DAY


def test_a_new_deadline_keeps_the_extensions_that_are_still_later() -> None:
    before = extended(extended(dated(), "ann", DUE + DAY), "bob", DUE + 5 * DAY)
    after = before.model_copy(update={"properties": with_due(before, "tp2", DUE + 2 * DAY)})
    assert due_for("ann", "tp2", [after]) == DUE + 2 * DAY
    assert due_for("bob", "tp2", [after]) == DUE + 5 * DAY


def test_an_extension_must_be_later_and_of_something() -> None:
    with pytest.raises(CohortError, match="less time"):
        with_extension(dated(), "tp2", "ann", DUE)
    with pytest.raises(CohortError, match="no deadline"):
        with_extension(group(), "tp2", "ann", DUE)


def test_what_else_stands_in_the_properties_stays() -> None:
    kept = {"colour": "red", "deadlines": {"tp9": {"due": "2026-01-01T00:00:00Z"}}}
    bare = group(properties={"limit": 3, KEY: kept})
    properties = with_due(bare, "tp2", DUE)
    assert properties["limit"] == 3
    assert properties[KEY]["colour"] == "red"
    assert set(properties[KEY]["deadlines"]) == {"tp9", "tp2"}


@pytest.mark.parametrize(
    "kept", [7, [], {"deadlines": 7}, {"deadlines": {"tp2": {"due": "soon"}}},
             {"deadlines": {"tp2": {"due": "2026-01-01T00:00:00"}}},
             {"deadlines": {"tp2": {"due": "2026-01-01T00:00:00Z", "opens": "2025-12-01T00:00:00"}}},
             {"deadlines": {"tp2": {"due": "2026-01-01T00:00:00Z", "opens": "soon"}}}]
)  # fmt: skip
def test_what_is_no_deadline_is_named_and_not_overwritten(kept: Any) -> None:
    odd = group(properties={KEY: kept})
    for attempt in (lambda: deadline_of(odd, "tp2"), lambda: with_due(odd, "tp2", DUE)):
        with pytest.raises(CohortError, match="TD1"):
            attempt()


def utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)


def opening(name: str = "TD1", opens: Any = DUE - DAY, due: datetime = DUE, **more: Any) -> Group:
    bare = group(name, **more)
    return bare.model_copy(update={"properties": with_due(bare, "tp2", due, opens)})


def opens_for(user: str, *groups: Group) -> datetime | None:
    return dates_for(user, groups)["tp2"].opens


def test_an_assignment_opens_at_its_moment_and_at_once_where_none_is_said() -> None:
    assert opens_for("ann", opening()) == DUE - DAY
    assert opens_for("ann", dated()) is None
    assert dates_for("eve", [opening()]) == {}


def test_who_is_in_several_groups_has_the_earliest_opening_and_the_latest_deadline() -> None:
    early, late = opening(opens=DUE - 3 * DAY), opening("TD2", DUE - 2 * DAY, DUE + DAY)
    for groups in ([early, late], [late, early]):
        assert dates_for("ann", groups)["tp2"] == (DUE - 3 * DAY, DUE + DAY)
        assert opens_for("ann", *groups, dated("TD3")) is None


def test_an_opening_is_kept_until_another_is_said() -> None:
    before = extended(opening(), "ann", DUE + 5 * DAY)
    assert opens_for("bob", before) == DUE - DAY
    later = before.model_copy(update={"properties": with_due(before, "tp2", DUE + DAY)})
    assert dates_for("ann", [later])["tp2"] == (DUE - DAY, DUE + 5 * DAY)
    now = before.model_copy(update={"properties": with_due(before, "tp2", DUE, "at once")})
    assert opens_for("bob", now) is None


def test_what_would_open_after_it_is_due_is_refused() -> None:
    with pytest.raises(CohortError, match="--opens"):
        with_due(group(), "tp2", DUE, DUE)
    with pytest.raises(CohortError, match="--opens"):
        with_due(opening(), "tp2", DUE - DAY)


def test_dates_without_an_opening_are_written_as_before() -> None:
    assert dated().properties[KEY]["deadlines"]["tp2"] == {"due": "2026-11-27T22:59:00Z", "extensions": {}}


MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))


@settings(deadline=None)
@given(MOMENTS, st.none() | MOMENTS, st.dictionaries(st.text(min_size=1), MOMENTS, max_size=3))
def test_the_dates_that_were_written_are_read_again(
    due: datetime, opens: datetime | None, extensions: dict[str, datetime]
) -> None:
    kept: dict[str, Any] = {
        "due": due.isoformat(),
        "extensions": {u: m.isoformat() for u, m in extensions.items()},
    }
    if opens:
        kept["opens"] = opens.isoformat()
    before = group(properties={KEY: {"deadlines": {"tp2": kept}}})
    assert dates_for("ann", [before])["tp2"] == (opens, extensions.get("ann", due))
    other = before.model_copy(update={"properties": with_due(before, "tp3", DUE)})
    assert deadline_of(other, "tp2") == deadline_of(before, "tp2")


@settings(deadline=None)
@given(*[st.datetimes(timezones=st.timezones()) | st.sampled_from([datetime.min, datetime.max]).map(utc)] * 2)
def test_any_date_that_is_taken_can_be_shown_in_any_time_zone(opens: datetime, due: datetime) -> None:
    kept = {"due": due.isoformat(), "opens": opens.isoformat()}
    for dates in dates_for("ann", [group(properties={KEY: {"deadlines": {"tp2": kept}}})]).values():
        for moment in dates:
            assert moment
            for hours in (-14, 0, 14):
                assert moment.astimezone(timezone(timedelta(hours=hours))) == moment


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda s: st.dictionaries(st.text(), s) | st.lists(s),
)


@settings(deadline=None)
@given(JSON)
def test_no_opening_but_a_moment_with_its_offset_is_taken(anything: Any) -> None:
    odd = group(properties={KEY: {"deadlines": {"tp2": {"due": DUE.isoformat(), "opens": anything}}}})
    opens = dates_for("ann", [odd]).get("tp2")
    assert opens is None or opens.opens is None or opens.opens.tzinfo is not None


def slow_hub(fake: FakeHub, users: tuple[str, ...]) -> Group:
    """A Hub that keeps the properties of one group, which it tells and takes slowly; they change in place."""
    kept = dated(users=users)

    def told(request: FakeRequest) -> None:
        said = kept.model_dump(mode="json")
        time.sleep(0.1)
        pages([said], 1)(request)

    def taken(request: FakeRequest) -> None:
        time.sleep(0.1)
        kept.properties.clear()
        kept.properties.update(request.json)
        request.answer(200, {})

    fake.api("GET", "groups", told)
    fake.api("PUT", "groups/TD1/properties", taken)
    return kept


@pytest.mark.parametrize("processes", [1, 4])
def test_extensions_that_are_given_at_the_same_time_are_all_kept(
    fake: FakeHub, tmp_path: Path, processes: int
) -> None:
    """By several people at the class's page, or by the page and commands, each with a client of its own."""
    users = ("ann", "bob", "cyd", "dan")
    kept = slow_hub(fake, users)

    async def at_once() -> None:
        async with AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(HubClient(fake.url, "token", state=tmp_path))
                for _ in range(processes)
            ]
            await asyncio.gather(
                *(extend(clients[n % processes], "tp2", user, "+1d") for n, user in enumerate(users))
            )

    asyncio.run(at_once())
    deadline = deadline_of(kept, "tp2")
    assert deadline is not None
    assert deadline.extensions == dict.fromkeys(users, DUE + DAY)
