"""Tests of importing a roster: what is made, what is only reported, and importing it again."""

import asyncio
from functools import partial
from typing import Any

import pytest

from hub.cohort.client import Group, HubClient, HubRefused, User
from hub.cohort.importing import Plan, import_roster, plan
from hub.cohort.roster import Roster, read_roster
from tests.hub.cohort.fakes import FakeHub, FakeRequest, pages, status


def students(text: str) -> Any:
    return read_roster(("user;group\n" + text).encode()).students


def test_what_is_new_is_planned_and_nobody_is_removed() -> None:
    users = [User(name=name) for name in ("ann", "bob", "old", "other")]
    groups = {"A": Group(name="A", users=("ann", "old")), "X": Group(name="X", users=("other",))}
    changes = plan(students("ann;A\nbob;A\ncyd;B\n"), users, groups)
    assert changes == Plan(
        new=("cyd",),
        known=2,
        new_groups=("B",),
        joining={"A": ("bob",), "B": ("cyd",)},
        not_in_roster={"A": ("old",)},
    )


def test_who_changed_groups_is_reported_in_the_old_one() -> None:
    groups = {"A": Group(name="A", users=("ann",)), "B": Group(name="B")}
    changes = plan(students("ann;B\nbob;A\n"), [User(name="ann"), User(name="bob")], groups)
    assert changes.also_in == {"A": ("ann",)}
    assert changes.joining == {"B": ("ann",), "A": ("bob",)}


class StoringHub:
    """A fake Hub that stores users and groups, and refuses some names in JupyterHub's way."""

    def __init__(self, fake: FakeHub, refused: tuple[str, ...] = ()) -> None:
        self.users: list[str] = ["prof"]
        self.groups: dict[str, list[str]] = {}
        self.refused = refused
        fake.api(
            "GET",
            "users",
            lambda request: pages([{"name": name, "servers": {}} for name in self.users], 3)(request),
        )
        fake.api("GET", "groups", lambda request: pages(self.listed(), 2)(request))
        fake.api("POST", "users", self.create)
        for group in ("A", "B", "class"):
            fake.api("POST", f"groups/{group}", partial(self.group, group))
            fake.api("POST", f"groups/{group}/users", partial(self.join, group))

    def listed(self) -> list[dict[str, Any]]:
        return [{"name": name, "users": users} for name, users in self.groups.items()]

    def create(self, request: FakeRequest) -> None:
        wanted = request.json["usernames"]
        wrong = [name for name in wanted if name in self.refused]
        if wrong:
            label = "Invalid username" if len(wrong) == 1 else "Invalid usernames"
            return status(400, f"{label}: {', '.join(wrong)}")(request)
        self.users += wanted
        return request.answer(201, [])

    def group(self, name: str, request: FakeRequest) -> None:
        self.groups.setdefault(name, [])
        request.answer(201, {})

    def join(self, name: str, request: FakeRequest) -> None:
        assert set(request.json["users"]) <= set(self.users)
        self.groups[name] += request.json["users"]
        request.answer(200, {})


def do(fake: FakeHub, roster: Roster, *, skip_wrong: bool = False) -> tuple[Plan | None, Roster]:
    async def connected() -> tuple[Plan | None, Roster]:
        async with HubClient(fake.url, "token") as hub:
            return await import_roster(hub, roster, skip_wrong=skip_wrong)

    return asyncio.run(connected())


ROSTER = b"user;group\nann;A\nbob;A\ncyd;B\ndan;\n"


def test_running_it_twice_changes_nothing(fake: FakeHub) -> None:
    memory = StoringHub(fake)
    first, _ = do(fake, read_roster(ROSTER))
    assert first is not None
    assert (first.new, first.known) == (("ann", "bob", "cyd", "dan"), 0)
    assert memory.groups == {"A": ["ann", "bob"], "B": ["cyd"], "class": ["dan"]}
    changes = len(fake.paths("POST"))
    second, _ = do(fake, read_roster(ROSTER))
    assert second is not None
    assert second.empty
    assert second.known == 4
    assert len(fake.paths("POST")) == changes


def test_a_wrong_line_keeps_everything_as_it_is(fake: FakeHub) -> None:
    memory = StoringHub(fake)
    roster = read_roster(ROSTER + b"a/b;A\n")
    done, same = do(fake, roster)
    assert done is None
    assert same.problems == roster.problems
    assert memory.users == ["prof"]
    done, _ = do(fake, roster, skip_wrong=True)
    assert done is not None
    assert len(done.new) == 4


@pytest.mark.parametrize("refused", [("bob",), ("bob", "dan")])
def test_names_that_only_the_hub_refuses_are_said_by_line_and_can_be_skipped(
    fake: FakeHub, refused: tuple[str, ...]
) -> None:
    memory = StoringHub(fake, refused)
    done, roster = do(fake, read_roster(ROSTER))
    assert done is None
    assert [(p.line, p.code, p.who) for p in roster.problems] == [
        ({"bob": 3, "dan": 5}[name], "hub_refuses", name) for name in refused
    ]
    assert memory.users == ["prof"]
    assert memory.groups == {}
    done, _ = do(fake, read_roster(ROSTER), skip_wrong=True)
    assert done is not None
    assert set(memory.users) == {"prof", "ann", "bob", "cyd", "dan"} - set(refused)


@pytest.mark.parametrize(
    ("code", "said"), [(403, "Not allowed: bob, dan"), (400, "usernames must be a list"), (400, "Wrong: eve")]
)
def test_a_refusal_that_speaks_of_no_name_of_the_list_is_told_as_it_is(
    fake: FakeHub, code: int, said: str
) -> None:
    memory = StoringHub(fake)
    fake.api("POST", "users", status(code, said))
    with pytest.raises(HubRefused) as refused:
        do(fake, read_roster(ROSTER), skip_wrong=True)
    assert refused.value.status == code
    assert len(fake.paths("POST")) == 1  # nothing is left out and tried again
    assert memory.groups == {}
