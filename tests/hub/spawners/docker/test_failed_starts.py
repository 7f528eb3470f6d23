"""Tests that a lab that cannot start gives a reason on the hub's page, and leaves nothing behind."""

import httpx2
import pytest
from docker import APIClient

from tests.hub.conftest import RunningHub, StartHub
from tests.hub.spawners.docker.steps import choose, events, lease_table, until


def failure(hub: RunningHub, client: httpx2.Client, name: str) -> str:
    """Return the last message of the waiting page."""
    last = list(events(hub, client, name))[-1]
    assert last.get("failed"), last
    return str(last["message"])


def containers(docker: APIClient, settings: dict[str, str]) -> list[str]:
    label = f"genai-lab.hub={settings['GENAI_HUB_DOCKER_PREFIX']}"
    return [container["Names"][0] for container in docker.containers(all=True, filters={"label": label})]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"GENAI_HUB_DOCKER_IMAGE": "genai-lab-tests-none"},
            "genai-lab-tests-none is not on",
        ),
        ({"GENAI_HUB_DOCKER_MEMORY": "24MiB"}, "more memory than it may have"),
        ({"GENAI_ASSIGNMENT": "tp99"}, "tp99"),
    ],
    ids=["no image", "out of memory", "the lab's own last line"],
)
def test_the_page_says_why(
    docker_settings: dict[str, str],
    start_hub: StartHub,
    docker: APIClient,
    settings: dict[str, str],
    expected: str,
) -> None:
    # With a GPU there is a form, so no lab starts by itself after the login.
    hub = start_hub(**(docker_settings | {"GENAI_HUB_GPUS": "0"} | settings))
    try:
        client = hub.login("ana")
        answer = choose(client, "cpu")
        said = answer.text if answer.status_code >= 400 else failure(hub, client, "ana")
        assert expected in said
        until(lambda: containers(docker, docker_settings) == [])
        until(lambda: hub.url in hub.console.read_text())  # before that it ignores signals
    finally:
        hub.stop()


def test_a_lab_that_never_answers_gives_its_gpu_back_and_the_wait_for_it_is_no_part_of_the_start(
    docker_settings: dict[str, str], start_hub: StartHub, docker: APIClient
) -> None:
    slow = {"GENAI_HUB_GPUS": "0", "GENAI_HUB_DOCKER_CPUS": "0.02", "GENAI_HUB_DOCKER_START_SECONDS": "10"}
    hub = start_hub(**(docker_settings | slow))
    students = {name: hub.login(name) for name in ("ana", "bob", "carl")}
    for name, client in students.items():
        choose(client, "gpu")
        until(lambda name=name: name in [*lease_table(hub)[0], *lease_table(hub)[1]])  # type: ignore[misc]
    for name, client in students.items():  # carl waits twice as long as a start may take
        assert "did not answer within 10 s" in failure(hub, client, name)
    assert lease_table(hub) == ([], [])
    until(lambda: containers(docker, docker_settings) == [])
