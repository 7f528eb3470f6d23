"""Start, stop and more time from the page: asked first where it concerns several, told to all afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from exercises.i18n import translator
from hub.class_page.actions import Actions, Asked, NobodyTicked, Question
from hub.class_page.known import Known
from hub.class_page.watch import Watch
from hub.cohort.client import HubClient
from hub.cohort.lab_client import LabClient
from tests.hub.class_page.test_hostile_labs import GOOD, user
from tests.hub.cohort.fakes import FakeHub, events, pages, status

T = TypeVar("T")
DUE = "2036-11-27T23:59:00+00:00"
LATER = "2036-12-04T23:59:00+00:00"


@pytest.fixture
def school(fake: FakeHub) -> FakeHub:
    """The labs of ann and eve run, those of off and out do not; ann is in two groups."""
    users = [user("ann"), user("eve"), user("off", ready=False), user("out", ready=False)]
    fake.api("GET", "users", pages(users, 10))
    groups = [
        {"name": name, "users": members, "properties": {"genai_lab": {"deadlines": {"tp2": {"due": due}}}}}
        for name, members, due in (("TD1", ["ann", "eve", "off"], DUE), ("late", ["ann"], LATER))
    ]
    fake.api("GET", "groups", pages(groups, 10))
    for name in ("TD1", "late"):
        fake.api("PUT", f"groups/{name}/properties", {})
    for name in ("ann", "eve"):
        fake.api("POST", f"users/{name}/lab-pass", {"token": "pass"})
        fake.on("GET", f"/user/{name}/class/progress", GOOD)
        fake.api("DELETE", f"users/{name}/server", lambda request: request.answer(204))
        fake.api("GET", f"users/{name}/server", {"ready": False})
    for name in ("off", "out"):
        fake.api("POST", f"users/{name}/server", lambda request: request.answer(201))
        fake.api("GET", f"users/{name}/server/progress", events({"ready": True}))
    return fake


def acting(
    fake: FakeHub,
    folder: Path,
    work: Callable[[Actions, Callable[..., Awaitable[Question | None]]], Awaitable[T]],
) -> T:
    async def connected() -> T:
        async with (
            HubClient(fake.url, "token", retry_seconds=0.2) as hub,
            LabClient(hub, beside=True) as labs,
        ):
            watch = Watch(hub, labs, Known(folder), None, "tp2")
            await watch.look()
            await watch.settle()
            actions = Actions(watch)

            def press(action: Any, *users: str, until: str = "", confirmed: bool = False) -> Any:
                return actions.do(Asked(action, "tp2", users, until, confirmed, "prof"), "en")

            return await work(actions, press)

    return asyncio.run(connected())


def said(actions: Actions) -> list[str]:
    return [notice.text(translator("hub", "en")) for notice in actions.notices()]


def test_several_are_asked_about_first_and_only_those_it_concerns(school: FakeHub, tmp_path: Path) -> None:
    async def work(actions: Actions, press: Any) -> None:
        question = await press("start", "ann", "off", "out")
        assert question.asked.users == ("off", "out")
        assert [path for path in school.paths("POST") if path.endswith("/server")] == []
        assert await press("start", *question.asked.users, confirmed=True) is None
        assert len([path for path in school.paths("POST") if path.endswith("/server")]) == 2
        assert said(actions) == ["Running (2): off, out."]
        assert await press("start", "ann") is None
        assert "nothing to do" in said(actions)[0]

    acting(school, tmp_path, work)


def test_stopping_one_who_makes_a_picture_is_asked_about_and_one_who_does_not_is_not(
    school: FakeHub, tmp_path: Path
) -> None:
    school.on("GET", "/user/eve/class/progress", {**GOOD, "running": 1})

    async def work(actions: Actions, press: Any) -> None:
        assert await press("stop", "ann") is None
        question = await press("stop", "eve")
        assert question.generating == ("eve",)
        assert school.paths("DELETE") == ["/hub/api/users/ann/server"]
        assert said(actions) == ["Stopped (1): ann."]

    acting(school, tmp_path, work)


def test_a_start_that_fails_is_told_with_the_hubs_reason(school: FakeHub, tmp_path: Path) -> None:
    school.api("POST", "users/off/server", status(400, "no <b>memory</b>"))
    school.api("GET", "users/off/server", status(404))

    async def work(actions: Actions, press: Any) -> None:
        await press("start", "off")
        assert said(actions) == ["The lab of off did not start: no <b>memory</b>"]

    acting(school, tmp_path, work)


def test_more_time_counts_from_the_deadline_that_decides(school: FakeHub, tmp_path: Path) -> None:
    async def work(actions: Actions, press: Any) -> None:
        await press("extend", "ann", until="+2d")
        (put,) = [each for each in school.requests if each.method == "PUT"]
        assert put.path.endswith("groups/late/properties")
        assert put.json["genai_lab"]["deadlines"]["tp2"]["extensions"]["ann"].startswith("2036-12-06")
        await press("extend", "out", until="+2d")
        assert said(actions)[0].startswith("out was given no more time.")
        await press("extend", "ann", until="soon")
        assert "soon" in said(actions)[0]

    acting(school, tmp_path, work)


def test_nobody_ticked_or_known_is_nothing_done(school: FakeHub, tmp_path: Path) -> None:
    async def work(_: Actions, press: Any) -> None:
        for users in ((), ("nobody", "<script>")):
            with pytest.raises(NobodyTicked):
                await press("stop", *users, confirmed=True)
        assert school.paths("DELETE") == []

    acting(school, tmp_path, work)
