"""Who judges a group's work: named at the group, by nobody's roster, and counted as no student."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from hub.cohort.client import HubClient
from hub.cohort.errors import CohortError
from hub.cohort.graders import change_graders
from hub.cohort.members import students
from lab.web.desk.graders import Graders
from lab.web.singleuser.access import HubUnreachable
from tests.hub.cohort.fakes import FakeHub, FakeRequest, pages, status

DEADLINES = {"deadlines": {"tp2": {"due": "2036-11-27T23:59:00Z"}}, "later": 1}
TD1: dict[str, Any] = {
    "name": "TD1",
    "users": ["ann", "bob"],
    "properties": {"genai_lab": DEADLINES | {"graders": ["omar"]}, "other": True},
}
TD2: dict[str, Any] = {"name": "TD2", "users": ["cyd"], "properties": {}}
USERS: list[dict[str, Any]] = [
    {"name": "ann", "groups": ["TD1"]},
    {"name": "omar", "groups": []},
    {"name": "prof", "admin": True, "groups": []},
    {"name": "zoe", "groups": []},
]
USERS = [user | {"servers": {}} for user in USERS]


@pytest.fixture
def hub(fake: FakeHub) -> FakeHub:
    fake.api("GET", "users", pages(USERS, 2))
    fake.api("GET", "groups", pages([TD1, TD2], 1))
    return fake


def change(hub: FakeHub, group: str, add: list[str], remove: list[str]) -> list[str]:
    async def work() -> list[str]:
        async with HubClient(hub.url, "token") as client:
            return await change_graders(client, group, add, remove)

    return asyncio.run(work())


def test_a_grader_is_named_and_all_else_of_the_group_is_kept(hub: FakeHub) -> None:
    def made(request: FakeRequest) -> None:
        assert request.json == {"usernames": ["anna"]}  # who has no account yet gets one
        request.answer(201, [])

    hub.api("POST", "users", made)
    hub.api("PUT", "groups/TD1/properties", {})
    assert change(hub, "TD1", ["Anna"], []) == ["anna", "omar"]
    (sent,) = [each for each in hub.requests if each.method == "PUT"]
    assert sent.json == {"genai_lab": DEADLINES | {"graders": ["anna", "omar"]}, "other": True}


def test_a_right_is_taken_away(hub: FakeHub) -> None:
    hub.api("PUT", "groups/TD1/properties", {})
    assert change(hub, "TD1", [], ["omar"]) == []


def test_looking_changes_nothing(hub: FakeHub) -> None:
    assert change(hub, "TD1", [], []) == ["omar"]
    assert hub.paths("PUT") == []


@pytest.mark.parametrize(
    ("group", "add", "remove"), [("TD9", ["anna"], []), ("TD1", ["a/b"], []), ("TD1", [], ["zoe"])]
)
def test_what_cannot_be_is_said_and_nothing_is_changed(
    hub: FakeHub, group: str, add: list[str], remove: list[str]
) -> None:
    with pytest.raises(CohortError):
        change(hub, group, add, remove)
    assert {each.method for each in hub.requests} == {"GET"}


def test_who_only_judges_is_no_student(hub: FakeHub) -> None:
    async def work() -> list[str]:
        async with HubClient(hub.url, "token") as client:
            return [user.name for user in await students(client, None)]

    assert asyncio.run(work()) == ["ann", "zoe"]


def given(hub: FakeHub, name: str) -> Any:
    return asyncio.run(Graders(f"{hub.url}/hub/api", SecretStr("token")).visitor(name))


def test_the_desk_reads_of_all_groups_who_may_see_whom(hub: FakeHub) -> None:
    for user in USERS:
        hub.api("GET", f"users/{user['name']}", user)
    omar = given(hub, "omar")
    assert (omar.students, omar.groups, omar.teaches) == ({"ann", "bob"}, ("TD1",), False)
    assert given(hub, "prof").teaches
    for name in ("ann", "zoe", "unknown"):
        assert given(hub, name) is None


@pytest.mark.parametrize(
    "properties",
    [
        {"genai_lab": {"graders": "omar"}},
        {"genai_lab": ["omar"]},
        {"genai_lab": {"graders": [["omar"]]}},
        {"graders": ["omar"]},
        {},
    ],
)
def test_properties_that_are_not_understood_make_nobody_a_grader(
    fake: FakeHub, properties: dict[str, Any]
) -> None:
    fake.api("GET", "users/omar", {"name": "omar", "admin": "yes"})  # no truth either
    fake.api("GET", "groups", pages([TD1 | {"properties": properties}], 5))
    assert given(fake, "omar") is None


@pytest.mark.parametrize("answer", [status(500), status(403), [1, 2], b"no json"])
def test_a_hub_that_says_nothing_lets_nobody_in(fake: FakeHub, answer: Any) -> None:
    fake.api("GET", "users/omar", {"name": "omar"})
    fake.api("GET", "groups", answer if not isinstance(answer, bytes) else lambda r: r.answer(200, answer))
    with pytest.raises(HubUnreachable):
        given(fake, "omar")
