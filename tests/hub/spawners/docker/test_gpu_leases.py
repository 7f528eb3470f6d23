"""Tests with several students who want the only GPU, in real containers.

There is no real card: the engine's hook does nothing, and the tests look at which container requests it.
"""

import signal

import httpx2
import pytest
from docker import APIClient

from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub
from tests.hub.labs import PAGE, api, instructor
from tests.hub.spawners.docker.conftest import Container
from tests.hub.spawners.docker.steps import choose, events, lease_table, until, usable


@pytest.fixture(scope="module")
def settings(docker_settings: dict[str, str]) -> dict[str, str]:
    return docker_settings | {"GENAI_HUB_GPUS": "0"}


@pytest.fixture(scope="module")
def hub(settings: dict[str, str], start_hub: StartHub) -> RunningHub:
    return start_hub(**settings)


@pytest.fixture(scope="module")
def students(hub: RunningHub) -> dict[str, httpx2.Client]:
    return {name: hub.login(name) for name in ("ana", "bob", "carl", "dora")}


@pytest.fixture(scope="module")
def containers(docker: APIClient, settings: dict[str, str]) -> dict[str, Container]:
    prefix = settings["GENAI_HUB_DOCKER_PREFIX"]
    return {name: Container(docker, f"{prefix}-{name}") for name in ("ana", "bob", "carl", "dora")}


def position(hub: RunningHub, client: httpx2.Client, name: str) -> str:
    """Return the first message about the queue."""
    return next(str(event["message"]) for event in events(hub, client, name) if "number" in event["message"])


def test_the_lab_of_who_chose_a_gpu_asks_for_the_leased_one(
    students: dict[str, httpx2.Client], containers: dict[str, Container]
) -> None:
    choose(students["ana"], "gpu")
    until(lambda: usable(students["ana"], "ana"))
    requests = containers["ana"].inspect()["HostConfig"]["DeviceRequests"]
    assert [request["DeviceIDs"] for request in requests] == [["0"]]
    assert requests[0]["Capabilities"] == [["gpu", "compute", "utility"]]
    environment = containers["ana"].python("import json, os; print(json.dumps(dict(os.environ)))")
    assert "GENAI_DEVICE" not in environment


def test_others_see_that_none_is_free_and_wait_in_order(
    hub: RunningHub, students: dict[str, httpx2.Client]
) -> None:
    assert "No GPU is free now" in students["bob"].get("hub/spawn", headers=PAGE).text
    choose(students["bob"], "gpu")
    until(lambda: lease_table(hub) == (["ana"], ["bob"]))
    choose(students["carl"], "gpu")
    until(lambda: lease_table(hub) == (["ana"], ["bob", "carl"]))
    assert "number 1" in position(hub, students["bob"], "bob")
    assert "number 2" in position(hub, students["carl"], "carl")


def test_who_takes_the_processor_is_not_held_up(
    students: dict[str, httpx2.Client], containers: dict[str, Container]
) -> None:
    choose(students["dora"], "any")
    until(lambda: usable(students["dora"], "dora"))
    assert not containers["dora"].inspect()["HostConfig"]["DeviceRequests"]
    environment = containers["dora"].python("import json, os; print(json.dumps(dict(os.environ)))")
    assert environment["NVIDIA_VISIBLE_DEVICES"] == "void"
    assert environment["GENAI_DEVICE"] == "cpu"


def test_the_page_of_leases_is_the_instructors(hub: RunningHub, students: dict[str, httpx2.Client]) -> None:
    assert students["ana"].get("hub/gpus", headers=PAGE).status_code == 403
    nobody = httpx2.get(f"{hub.url}hub/gpus", headers=PAGE, follow_redirects=True)
    assert nobody.url.path == "/hub/login"
    french = hub.login(INSTRUCTOR).get("hub/gpus", headers=PAGE | {"accept-language": "fr"}).text
    assert "En attente" in french


def test_who_leaves_the_line_lets_the_next_one_up(
    hub: RunningHub, students: dict[str, httpx2.Client]
) -> None:
    with api(hub, students["bob"]) as mine:
        assert mine.delete("users/bob/server").status_code in (202, 204)
    until(lambda: lease_table(hub) == (["ana"], ["carl"]))
    assert "number 1" in position(hub, students["carl"], "carl")


def test_a_gpu_given_back_goes_to_who_waits(
    hub: RunningHub, students: dict[str, httpx2.Client], containers: dict[str, Container]
) -> None:
    assert instructor(hub).delete("users/ana/server").status_code in (202, 204)
    until(lambda: usable(students["carl"], "carl"))
    assert lease_table(hub) == (["carl"], [])
    requests = containers["carl"].inspect()["HostConfig"]["DeviceRequests"]
    assert [request["DeviceIDs"] for request in requests] == [["0"]]


def test_a_killed_hub_knows_who_holds_the_gpu(
    hub: RunningHub, settings: dict[str, str], start_hub: StartHub, students: dict[str, httpx2.Client]
) -> None:
    hub.process.send_signal(signal.SIGKILL)
    hub.process.wait()
    (hub.state / "gpus.json").unlink()  # the containers' labels are enough
    start_hub(hub.state, **settings)
    until(lambda: usable(students["carl"], "carl"))
    assert lease_table(hub) == (["carl"], [])
    choose(students["ana"], "gpu")
    until(lambda: lease_table(hub) == (["carl"], ["ana"]))


def test_a_lab_that_dies_gives_its_gpu_back(
    hub: RunningHub, students: dict[str, httpx2.Client], containers: dict[str, Container], docker: APIClient
) -> None:
    docker.kill(containers["carl"].name)
    until(lambda: usable(students["ana"], "ana"))
    assert lease_table(hub) == (["ana"], [])
    page = students["carl"].get("hub/spawn", headers=PAGE).text
    assert "Your last lab ended by itself" in page
