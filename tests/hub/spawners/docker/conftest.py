"""Labs in real containers: the engine and the image once for all tests, a hub for each module."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from docker import APIClient

from tests.hub.conftest import free_port
from tests.hub.spawners.docker.engine import build, engine, missing

PREFIX = "genai-lab-tests"
NUMBERS = iter(range(1, 200))  # a network of its own for each hub


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an engine that runs."""
    if why := missing():
        pytest.skip(why)
    with engine(tmp_path_factory.mktemp("docker")) as address:
        yield address


@pytest.fixture(scope="session")
def docker(address: str) -> APIClient:
    return APIClient(base_url=address, version="auto", timeout=120)


@pytest.fixture(scope="session")
def image(address: str) -> str:
    """The name of the image, built from `Dockerfile.gpu` as it is now."""
    return build(address)


@pytest.fixture(scope="module")
def docker_settings(address: str, image: str, docker: APIClient) -> Iterator[dict[str, str]]:
    """Settings of a hub whose labs are containers; what it made is removed after it (ask for `start_hub`
    after this one). They hold its ports, so that it can be started again as the same hub."""
    number = next(NUMBERS)
    prefix = f"{PREFIX}{number}"
    yield {
        "DOCKER_HOST": address,
        "GENAI_HUB_SPAWNER": "docker",
        "GENAI_HUB_PORT": str(free_port()),
        "GENAI_HUB_API_PORT": str(free_port()),
        "GENAI_HUB_GPUS": "none",
        "GENAI_HUB_IDLE_SECONDS": "0",  # no culler, which a hub waits long for when it is stopped
        "GENAI_HUB_DOCKER_IMAGE": image,
        "GENAI_HUB_DOCKER_PREFIX": prefix,
        "GENAI_HUB_DOCKER_BRIDGE": f"labtest{number}",
        "GENAI_HUB_DOCKER_SUBNET": f"10.219.{number}.0/24",
    }
    clean(docker, prefix)


def clean(docker: APIClient, prefix: str) -> None:
    """Remove a hub's containers, network and volumes: here the students are made up."""
    for container in docker.containers(all=True, filters={"label": f"genai-lab.hub={prefix}"}):
        docker.remove_container(container["Id"], force=True, v=True)
    firewall(prefix.replace(PREFIX, "labtest"))
    for network in docker.networks(names=[f"^{prefix}$"]):
        docker.remove_network(network["Id"])
    for volume in docker.volumes(filters={"name": f"^{prefix}-"})["Volumes"] or []:
        docker.remove_volume(volume["Name"])


def firewall(bridge: str) -> None:
    """Take the chain of that bridge out again."""
    for rule in (
        ["-D", "INPUT", "-i", bridge, "-j", f"LABS-{bridge}"],
        ["-F", f"LABS-{bridge}"],
        ["-X", f"LABS-{bridge}"],
    ):
        subprocess.run(["iptables", "--wait", *rule], check=False, capture_output=True)


@dataclass(frozen=True)
class Container:
    """One student's container, and commands that run inside it as the student."""

    client: APIClient
    name: str

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.inspect_container(self.name)
        return found

    @property
    def ip(self) -> str:
        networks = self.inspect()["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])

    def run(self, *command: str) -> tuple[int, str]:
        """The exit code of a command, and what it printed."""
        made = self.client.exec_create(self.name, list(command))
        said: bytes = self.client.exec_start(made["Id"])
        return int(self.client.exec_inspect(made["Id"])["ExitCode"]), said.decode("utf-8", "replace")

    def python(self, code: str) -> Any:
        """What a piece of Python, run inside, prints as JSON in its last line."""
        exit_code, said = self.run("python", "-c", code)
        assert exit_code == 0, said
        return json.loads(said.splitlines()[-1])
