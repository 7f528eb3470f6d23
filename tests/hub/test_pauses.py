"""The hub looks often at what is starting or ending."""

import asyncio

import jupyterhub.services.service
import jupyterhub.spawner
import jupyterhub.utils
import jupyterhub_traefik_proxy.proxy
import pytest

from hub import pauses

PATIENT = (jupyterhub.utils, jupyterhub.spawner, jupyterhub_traefik_proxy.proxy)


@pytest.mark.parametrize("module", PATIENT, ids=lambda module: module.__name__)
def test_no_pause_grows_beyond_half_a_second(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    for each in PATIENT:
        monkeypatch.setattr(each, "exponential_backoff", each.exponential_backoff)  # put back afterwards
    pauses.shorten_pauses()
    monkeypatch.setattr(asyncio, "sleep", sleep)
    wait = module.exponential_backoff  # type: ignore[attr-defined]
    asyncio.run(wait(lambda: len(waited) == 50, "never", timeout=1000))
    assert len(waited) == 50
    assert max(waited) <= pauses.LONGEST


def test_a_service_that_died_is_noticed_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    spawner = jupyterhub.services.service._ServiceSpawner
    for owner, name in [*((each, "exponential_backoff") for each in PATIENT), (spawner, "poll_interval")]:
        monkeypatch.setattr(owner, name, getattr(owner, name))  # put back afterwards
    pauses.shorten_pauses()
    assert spawner.poll_interval <= 5
