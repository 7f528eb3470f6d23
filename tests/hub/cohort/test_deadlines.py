"""Tests of deadlines in a group's properties: which one counts, what is kept, what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.cohort.client import Group
from hub.cohort.deadlines import KEY, deadline_of, due_for, with_due, with_extension
from hub.cohort.errors import CohortError

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
             {"deadlines": {"tp2": {"due": "2026-01-01T00:00:00"}}}]
)  # fmt: skip
def test_what_is_no_deadline_is_named_and_not_overwritten(kept: Any) -> None:
    odd = group(properties={KEY: kept})
    for attempt in (lambda: deadline_of(odd, "tp2"), lambda: with_due(odd, "tp2", DUE)):
        with pytest.raises(CohortError, match="TD1"):
            attempt()
