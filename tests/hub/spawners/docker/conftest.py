"""Fixtures for labs in real containers: one engine and image for all tests, and a hub for each module."""

import json
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from docker import APIClient

from tests.hub.conftest import free_port
from tests.hub.spawners.docker.engine import build, engine, why_unavailable

PREFIX = "genai-lab-tests"
# A network of its own for each hub, and not the one of another checkout whose tests run at the same time
NUMBERS = iter(random.sample(range(1, 200), 199))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start an engine and give its address."""
    if reason := why_unavailable():
        pytest.skip(reason)
    with engine(tmp_path_factory.mktemp("docker")) as address:
        yield address


@pytest.fixture(scope="session")
def docker(address: str) -> APIClient:
    return APIClient(base_url=address, version="auto", timeout=120)


@pytest.fixture(scope="session")
def image(address: str) -> str:
    """Build the image from `Dockerfile.gpu` and return its name."""
    return build(address)


@pytest.fixture(scope="module")
def docker_settings(address: str, image: str, docker: APIClient) -> Iterator[dict[str, str]]:
    """Settings of a hub whose labs are containers. Everything it made is removed after the tests.

    A test must request `start_hub` after this fixture. The settings contain the ports, so that the same
    hub can be started again.
    """
    number = next(NUMBERS)
    prefix = f"{PREFIX}{number}"
    yield {
        "DOCKER_HOST": address,
        "GENAI_HUB_SPAWNER": "docker",
        "GENAI_HUB_PORT": str(free_port()),
        "GENAI_HUB_API_PORT": str(free_port()),
        "GENAI_HUB_GPUS": "none",
        "GENAI_HUB_IDLE_SECONDS": "0",  # without the culler a hub stops faster
        "GENAI_HUB_DOCKER_IMAGE": image,
        "GENAI_HUB_DOCKER_PREFIX": prefix,
        "GENAI_HUB_DOCKER_BRIDGE": f"labtest{number}",
        "GENAI_HUB_DOCKER_SUBNET": f"10.219.{number}.0/24",
    }
    clean(docker, prefix)


def clean(docker: APIClient, prefix: str) -> None:
    """Remove a hub's containers, network, and volumes too, because the students are invented."""
    for container in docker.containers(all=True, filters={"label": f"genai-lab.hub={prefix}"}):
        docker.remove_container(container["Id"], force=True, v=True)
    remove_firewall(prefix.replace(PREFIX, "labtest"))
    for network in docker.networks(names=[f"^{prefix}$"]):
        docker.remove_network(network["Id"])
    for volume in docker.volumes(filters={"name": f"^{prefix}-"})["Volumes"] or []:
        docker.remove_volume(volume["Name"])


def remove_firewall(bridge: str) -> None:
    """Remove the firewall chain of that bridge."""
    for rule in (
        ["-D", "INPUT", "-i", bridge, "-j", f"LABS-{bridge}"],
        ["-F", f"LABS-{bridge}"],
        ["-X", f"LABS-{bridge}"],
    ):
        subprocess.run(["iptables", "--wait", *rule], check=False, capture_output=True)


@dataclass(frozen=True)
class Container:
    """One student's container, in which commands run as the student."""

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
        """Run a command and return its exit code and output."""
        made = self.client.exec_create(self.name, list(command))
        said: bytes = self.client.exec_start(made["Id"])
        return int(self.client.exec_inspect(made["Id"])["ExitCode"]), said.decode("utf-8", "replace")

    def python(self, code: str) -> Any:
        """Run Python code inside and return its last line of output, parsed as JSON."""
        exit_code, said = self.run("python", "-c", code)
        assert exit_code == 0, said
        return json.loads(said.splitlines()[-1])
