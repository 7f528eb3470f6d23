"""Tests of the client for the Hub's API over real HTTP: pages, retries and clear errors."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from exercises.errors import UserError
from hub.cohort import client
from hub.cohort.client import HubBusy, HubClient, HubRefused, HubUnreachable
from hub.cohort.settings import CohortSettings
from hub.cohort.text import printable_line
from tests.hub.cohort.fakes import FakeHub, pages, status
from tests.hub.conftest import free_port

T = TypeVar("T")
TOKEN = "cohort-secret-token"


def ask(fake: FakeHub, work: Callable[[HubClient], Awaitable[T]], retry_seconds: float = 30) -> T:
    async def connected() -> T:
        async with HubClient(fake.url, TOKEN, retry_seconds=retry_seconds) as hub:
            return await work(hub)

    return asyncio.run(connected())


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_BACK_OFF", lambda _: 0.01)


def test_all_pages_of_the_users_are_read(fake: FakeHub) -> None:
    people = [{"name": f"u{number:03}", "groups": ["A"], "servers": {}} for number in range(457)]
    fake.api("GET", "users", pages(people, 50))
    users = ask(fake, lambda hub: hub.users())
    assert [user.name for user in users] == [each["name"] for each in people]
    assert len([path for path in fake.paths("GET") if path.endswith("users")]) == 10
    assert {each.headers["authorization"] for each in fake.requests} == {f"token {TOKEN}"}


def test_a_hub_whose_pages_go_round_in_a_circle_is_left(fake: FakeHub) -> None:
    circle = {"items": [{"name": "u", "servers": {}}], "_pagination": {"next": {"offset": 0, "limit": 1}}}
    fake.api("GET", "users", circle)
    with pytest.raises(HubUnreachable):
        ask(fake, lambda hub: hub.users(), retry_seconds=0)


def test_what_the_hub_is_too_busy_for_is_asked_again(fake: FakeHub) -> None:
    fake.api("POST", "users/ann/server", status(503), status(429), lambda request: request.answer(202))
    ask(fake, lambda hub: hub.start("ann"))
    assert len(fake.paths("POST")) == 3


def test_the_hub_says_how_long_to_wait_and_is_heard(fake: FakeHub) -> None:
    fake.api("POST", "users/ann/server", status(429, retry_after="1"), lambda request: request.answer(202))
    began = time.monotonic()
    ask(fake, lambda hub: hub.start("ann"))
    assert time.monotonic() - began >= 1


def test_a_wish_that_is_no_number_is_not_heard(fake: FakeHub) -> None:
    for wish in ("Fri, 20 Nov 2099 10:00:00 GMT", "-5", "٣", "1e9", ""):
        fake.api(
            "POST", "users/ann/server", status(429, retry_after=wish), lambda request: request.answer(202)
        )
        ask(fake, lambda hub: hub.start("ann"))


def test_patience_ends_with_the_hubs_own_words(fake: FakeHub) -> None:
    fake.api("POST", "users/ann/server", status(429, "Too many users trying to log in"))
    with pytest.raises(HubBusy, match="Too many users"):
        ask(fake, lambda hub: hub.start("ann"), retry_seconds=0.2)


@pytest.mark.parametrize("code", [400, 404, 409, 500])
def test_a_refusal_is_not_asked_again(fake: FakeHub, code: int) -> None:
    fake.api("POST", "users/ann/server", status(code, "no\x1b[31m such\n thing"))
    with pytest.raises(HubRefused, match=r"no\[31m such thing") as caught:
        ask(fake, lambda hub: hub.start("ann"))
    assert caught.value.status == code
    assert len(fake.paths("POST")) == 1


def test_a_token_without_the_right_is_told_which_one(fake: FakeHub) -> None:
    fake.api("GET", "users", status(403, "requires any of [list:users]"))
    with pytest.raises(HubRefused, match="list:users"):
        ask(fake, lambda hub: hub.users())


@pytest.mark.parametrize(
    "reply",
    [
        lambda request: request.answer(200, b"<html>hello"),
        lambda request: request.answer(302, Location="https://evil.example/"),
        status(404, "Not Found"),
    ],
)
def test_what_is_no_hub_is_said_at_once(fake: FakeHub, reply: Any) -> None:
    fake.api("GET", "user", reply)
    with pytest.raises(UserError, match="no JupyterHub"):
        ask(fake, lambda hub: hub.users())
    assert len(fake.requests) == 1


def test_where_nothing_listens_it_is_said_at_once(fake: FakeHub) -> None:
    fake.url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(HubUnreachable, match="does not answer"):
        ask(fake, lambda hub: hub.users())


@pytest.mark.parametrize(
    "answer", [[], {}, {"items": 7}, {"items": [7], "_pagination": {"next": None}}, 7, None]
)
def test_an_answer_of_another_kind_is_a_clear_error(fake: FakeHub, answer: Any) -> None:
    fake.api("GET", "users", answer)
    with pytest.raises(UserError):
        ask(fake, lambda hub: hub.users(), retry_seconds=0)


def test_a_name_is_one_part_of_the_path_whatever_it_holds(fake: FakeHub) -> None:
    for name in ("a/b", "../admin", "a b", "zoé", "a?b#c", "%2e%2e"):
        with pytest.raises(HubRefused):
            ask(fake, lambda hub, name=name: hub.start(name))  # type: ignore[misc]
    for path in fake.paths("POST"):
        parts = path.split("/")
        assert parts[:4] == ["", "hub", "api", "users"]
        assert parts[5:] == ["server"]


def test_words_of_strangers_are_one_printable_line() -> None:
    assert printable_line("a\x1b[2J\nb\u202e\tc" + "x" * 5000).startswith("a[2J b c")
    assert len(printable_line("x" * 5000)) == 300


@pytest.mark.parametrize(
    "url", ["", "hub", "ftp://hub", "http://", "http://[", "http://127.0.0.1:99999", "http://127.0.0.1/?a=b"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(UserError, match="no address"):
        CohortSettings(url=url).address()


def test_the_token_goes_over_no_line_that_others_can_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for safe in ("http://127.0.0.1:8000/", "http://localhost/base/", "http://[::1]:1", "https://hub.example"):
        assert CohortSettings(url=safe).address() == safe.rstrip("/")
    with pytest.raises(UserError, match="encrypted"):
        CohortSettings(url="http://hub.example").address()
    monkeypatch.setenv("GENAI_HUB_INSECURE", "1")
    assert CohortSettings(url="http://hub.example").address()


def test_the_token_is_read_from_the_environment_or_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="cohort-token"):
        CohortSettings(state=tmp_path).secret()
    (tmp_path / "cohort-token").write_text("from the file\n".replace(" ", "-"))
    assert CohortSettings(state=tmp_path).secret() == "from-the-file"
    monkeypatch.setenv("GENAI_HUB_TOKEN", "from-outside")
    settings = CohortSettings(state=tmp_path)
    assert settings.secret() == "from-outside"
    assert "from-outside" not in repr(settings)
    monkeypatch.setenv("GENAI_HUB_TOKEN", "two\nlines")
    with pytest.raises(UserError) as caught:
        CohortSettings(state=tmp_path).secret()
    assert "lines" not in str(caught.value).replace("line of", "")
