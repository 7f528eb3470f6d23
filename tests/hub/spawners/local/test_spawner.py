"""Tests of labs as processes: folder names, the start queue, the environment, and process numbers."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyterhub.auth import DummyAuthenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner, SpawnException
from jupyterhub.utils import maybe_future
from traitlets.config import Config

from hub.configuration import configure
from hub.settings import HubSettings
from hub.spawners.environment import PASSED_ON, lab_settings
from hub.spawners.local.spawner import LocalLab
from hub.spawners.local.start_queue import StartQueue
from hub.user_names import USER_NAME, folder_name
from tests.hub.conftest import free_port


@given(st.text(min_size=1))
def test_a_folder_name_is_one_component_and_never_hidden(user: str) -> None:
    name = folder_name(user)
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")
    assert Path("/homes", name).parent == Path("/homes")


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_users_never_share_a_folder(one: str, other: str) -> None:
    assert (folder_name(one) == folder_name(other)) == (one == other)


@pytest.mark.parametrize("user", ["jane.doe", "hélène", "j_d@univ.fr", "a+b-c"])
def test_ordinary_names_are_kept_as_they_are(user: str) -> None:
    assert folder_name(user) == user


def validates(name: str) -> bool:
    return bool(DummyAuthenticator(username_pattern=USER_NAME).validate_username(name))


@pytest.mark.parametrize("name", ["jane.doe", "hélène", "j_d@univ.fr", "a", "x" * 60, "ümit-2"])
def test_these_can_be_user_names(name: str) -> None:
    assert validates(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        ".hidden",
        "-rf",
        "a b",
        "a\n",
        "a`b",
        "x`) || PathPrefix(`/hub",
        "a%2fb",
        "x" * 61,
    ],
)
def test_these_cannot(name: str) -> None:
    assert not validates(name)


@given(st.text())
def test_no_user_name_breaks_out_of_a_rule_of_the_proxy_or_a_folder(name: str) -> None:
    if validates(name):
        assert not set(name) & set("`/\\\0\n\r\"'<>&%(){}|?# ")
        assert folder_name(name) == name
        assert len(name.encode()) < 255


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


@in_a_loop
async def test_starts_take_turns_in_the_order_they_came() -> None:
    queue = StartQueue(1)
    began: list[str] = []

    async def start(name: str) -> None:
        await queue.acquire(name)
        began.append(name)
        await asyncio.sleep(0)
        queue.release()

    await queue.acquire("first")
    others = [asyncio.create_task(start(name)) for name in ("second", "third")]
    await asyncio.sleep(0)
    assert [queue.position(name) for name in ("first", "second", "third")] == [0, 1, 2]
    queue.release()
    await asyncio.gather(*others)
    assert began == ["second", "third"]


@in_a_loop
async def test_who_gives_up_waiting_is_no_longer_in_the_queue() -> None:
    queue = StartQueue(1)
    await queue.acquire("first")
    waiting = asyncio.create_task(queue.acquire("second"))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert queue.position("second") == 0
    queue.release()
    await asyncio.wait_for(queue.acquire("third"), 5)


def lab_of_a_class(tmp_path: Path, name: str) -> LocalLab:
    lab = LocalLab(homes=str(tmp_path / "homes"), logs=str(tmp_path / "logs"), start_timeout=1)
    lab.user = SimpleNamespace(name=name)
    return lab


async def start_as_the_hub_does(lab: LocalLab) -> tuple[str, int]:
    """JupyterHub prepares a start as long as it takes, and then limits the start itself."""
    await maybe_future(lab.run_pre_spawn_hook())
    return await asyncio.wait_for(lab.start(), lab.start_timeout)


def test_what_the_hub_is_to_do_before_a_start_is_done_before_the_turn(tmp_path: Path) -> None:
    """Such as telling the lab its opening dates (`hub.opened`)."""

    async def prepare() -> list[object]:
        lab, called = lab_of_a_class(tmp_path, "ann"), list[object]()
        lab.pre_spawn_hook = called.append
        await maybe_future(lab.run_pre_spawn_hook())
        await lab.run_post_stop_hook()
        return called

    assert [type(each) for each in asyncio.run(prepare())] == [LocalLab]


@pytest.fixture
def slow_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labs that need 0.3 seconds to start, one at a time."""

    async def start(_: object) -> tuple[str, int]:
        await asyncio.sleep(0.3)
        return "127.0.0.1", 1

    async def listens(_: object) -> None:
        pass

    monkeypatch.setattr(LocalLab, "start_queue", StartQueue(1))
    monkeypatch.setattr(SimpleLocalProcessSpawner, "start", start)
    monkeypatch.setattr(LocalLab, "_wait_until_listening", listens)


@pytest.mark.usefixtures("slow_starts")
def test_waiting_for_a_turn_does_not_count_as_starting(tmp_path: Path) -> None:
    """The last of a class waits longer than a start may take."""

    async def start_all() -> list[tuple[str, int]]:
        labs = [lab_of_a_class(tmp_path, f"student{number}") for number in range(6)]
        return await asyncio.gather(*map(start_as_the_hub_does, labs))

    assert asyncio.run(start_all()) == [("127.0.0.1", 1)] * 6


@pytest.mark.usefixtures("slow_starts")
def test_a_start_that_fails_after_its_turn_came_or_is_given_up_lets_the_next_one_start(
    tmp_path: Path,
) -> None:
    async def fail_and_start() -> tuple[str, int]:
        failed, given_up, last = (lab_of_a_class(tmp_path, name) for name in ("ann", "bob", "cyd"))
        await maybe_future(failed.run_pre_spawn_hook())
        waiting = asyncio.create_task(start_as_the_hub_does(given_up))
        await asyncio.sleep(0)
        waiting.cancel()
        for _ in range(2):
            await failed.run_post_stop_hook()  # as the hub does when the preparation fails
        address = await asyncio.wait_for(start_as_the_hub_does(last), 5)
        assert LocalLab.start_queue.position(given_up) == 0
        return address

    assert asyncio.run(fail_and_start()) == ("127.0.0.1", 1)


def test_a_lab_gets_the_settings_of_the_list_and_no_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GENAI_MODEL", "sd15")
    monkeypatch.setenv("GENAI_HUB_OIDC_CLIENT_SECRET", "secret")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("GENAI_EXERCISES_DIR", "mine")
    Path(".env").write_text("GENAI_LANGUAGE=fr\nGENAI_MODEL=mini\nHF_TOKEN=secret\n")
    given = lab_settings()
    assert (
        given.items()
        >= {
            "GENAI_MODEL": "sd15",  # the environment has priority over .env
            "GENAI_LANGUAGE": "fr",
            "GENAI_EXERCISES_DIR": str(Path.cwd() / "mine"),
        }.items()
    )
    assert given.keys() <= {*PASSED_ON, "JUPYTERHUB_ACTIVITY_INTERVAL"}
    assert "secret" not in given.values()


def test_nothing_of_the_hub_s_environment_is_kept_but_what_a_process_needs(tmp_path: Path) -> None:
    c = Config()
    configure(c, HubSettings(state=tmp_path / "state"))
    assert set(c.LocalLab.env_keep) == {"PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH"}
    assert set(c.LocalLab.environment) == {*lab_settings(), "OMP_NUM_THREADS", "GENAI_CODE", "GENAI_GATEWAY"}


@pytest.mark.parametrize(("shift", "runs"), [(0.0, True), (1000.0, False)])
def test_a_number_that_is_now_another_process_s_is_not_the_lab(shift: float, runs: bool) -> None:
    lab = LocalLab()
    lab.pid = os.getpid()
    state = lab.get_state()
    state["pid_started"] -= shift
    again = LocalLab()
    again.load_state(state)
    assert bool(again.pid) is runs


class NeverUp(LocalLab):
    """A lab whose process never answers, or has already ended."""

    alive = True

    async def poll(self) -> int | None:
        return None if self.alive else 1


def failure_message(lab: LocalLab, tmp_path: Path) -> str:
    """Return the error message about a lab that does not answer."""
    lab.port, lab.http_timeout = free_port(), 1
    lab.user = SimpleNamespace(name="jane")
    lab.logs = str(tmp_path)
    with pytest.raises(SpawnException) as failed:
        asyncio.run(lab._wait_until_listening())
    return str(failed.value.message)


def test_a_lab_that_never_answers_is_given_up_on(tmp_path: Path) -> None:
    assert "within 1 seconds" in failure_message(NeverUp(), tmp_path)


def test_a_lab_that_ends_says_why_without_its_token(tmp_path: Path) -> None:
    lab = NeverUp(api_token="abc123")
    lab.alive = False
    assert "did not say why" in failure_message(lab, tmp_path)
    (tmp_path / "jane.log").write_text("no such model, said abc123\n")
    assert failure_message(lab, tmp_path).endswith("no such model, said …")


def test_code_of_a_student_s_own_does_not_run_where_all_labs_share_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked, found in ((None, "0"), ("1", "1")):
        if asked:
            monkeypatch.setenv("GENAI_CODE", asked)
        c = Config()
        configure(c, HubSettings(state=tmp_path))
        assert c.LocalLab.environment["GENAI_CODE"] == found
