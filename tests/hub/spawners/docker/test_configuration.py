"""Tests of JupyterHub's configuration made from settings, and of starts that are refused."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from pydantic import ValidationError
from traitlets.config import Config

from exercises.errors import UserError
from hub.settings import HubSettings
from hub.spawners.docker import configuration, container, network
from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.docker.network import EngineError, ensure_network, firewall_rules
from hub.spawners.docker.settings import DockerSettings

GIB = 2**30
ROOT = Path(__file__).parents[4]


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The configuration of a hub with two GPUs, a folder of models and the instructor's own assignments."""
    monkeypatch.setattr(network, "prepare_network", lambda docker, ports: None)
    monkeypatch.setattr(container, "running_leases", lambda client, prefix: {"ana/": "1"})
    monkeypatch.setenv("GENAI_HUB_GPUS", "0,1")
    monkeypatch.setenv("GENAI_HUB_DOCKER_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("GENAI_EXERCISES_DIR", str(tmp_path / "course"))
    monkeypatch.setenv("OPENAI_API_KEY", "a-secret")
    c = Config()
    c.JupyterHub.extra_handlers = []
    c.JupyterHub.template_vars = {"instructor_pages": []}
    configuration.configure(c, HubSettings(state=tmp_path, api_port=9999))
    return c


def test_every_container_is_confined(configured: Config):
    confinement: dict[str, Any] = configured.ContainerLab.confinement
    assert confinement["cap_drop"] == ["ALL"]
    assert confinement["security_opt"] == ["no-new-privileges:true"]
    assert confinement["read_only"] is True
    assert confinement["pids_limit"] == 512
    assert configured.ContainerLab.mem_limit == confinement["memswap_limit"] == 4 * GIB
    assert {limit["Name"] for limit in confinement["ulimits"]} == {"nofile", "fsize", "core"}
    assert "noexec" in confinement["tmpfs"]["/tmp"]  # noqa: S108


def test_the_hub_listens_on_the_labs_network_alone(configured: Config):
    assert configured.JupyterHub.hub_bind_url == "http://10.213.0.1:9999"
    assert configured.ContainerLab.network_name == "genai-lab"


def test_folders_are_shared_read_only_and_named_as_the_container_has_them(configured: Config, tmp_path: Path):
    assert configured.ContainerLab.read_only_volumes == {
        str(tmp_path / "models"): "/models",
        str(tmp_path / "course"): "/exercises",
    }
    assert configured.ContainerLab.environment["GENAI_EXERCISES_DIR"] == "/exercises"
    assert configured.ContainerLab.volumes == {"genai-lab-{username}": "/home/student"}


def test_instructors_find_the_page_of_gpus(configured: Config):
    assert configured.JupyterHub.template_vars["instructor_pages"] == [("gpus", "gpus.title")]


def test_no_secret_of_the_hubs_is_told(configured: Config):
    assert "a-secret" not in str(configured.ContainerLab)


def test_the_allocator_knows_what_runs(configured: Config):
    allocator = configured.ContainerLab.gpus
    assert isinstance(allocator, Allocator)
    assert allocator.free_places() == {"0": 1, "1": 0}


def test_the_firewall_lets_in_the_hubs_two_ports_and_no_other():
    rules = firewall_rules(DockerSettings(), [9999, 7880]).splitlines()
    assert [rule.rpartition("-j ")[2] for rule in rules[2:6]] == [
        "ACCEPT",
        "ACCEPT",
        "ACCEPT",
        "REJECT --reject-with icmp-admin-prohibited",
    ]
    for rule, port in zip(rules[3:5], (9999, 7880), strict=True):
        assert f"-d 10.213.0.1 -p tcp -m tcp --dport {port} " in rule


@pytest.mark.parametrize(
    "wrong",
    [
        {"subnet": "8.8.8.0/24"},  # not a private network
        {"subnet": "10.0.0.0/30"},  # too small
        {"prefix": "a/b"},
        {"bridge": "sixteen-letters-x"},
        {"memory": "plenty"},
        {"cpus": 0},
        {"processes": 1},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        DockerSettings(**wrong)


def test_a_hub_whose_engine_does_not_run_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(UserError, match="DOCKER_HOST") as refused:
        configuration.configure(Config(), HubSettings(state=tmp_path))
    assert "No such file or directory" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_service_units_command_runs_the_network_module(tmp_path: Path):
    """docs/hub/docker.md runs this module as root before the hub starts."""
    command = [sys.executable, "-m", "hub.spawners.docker.network"]
    environment = os.environ | {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "GENAI_LANGUAGE": "en"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "No container engine answers" in done.stderr
    assert " ".join(command[1:]) in (ROOT / "docs" / "hub" / "docker.md").read_text(encoding="utf-8")


def test_a_network_that_is_not_as_it_must_be_is_refused(docker: APIClient):
    """A network of that name that was made by hand would not isolate the labs."""
    settings = DockerSettings(prefix="genai-lab-byhand", bridge="labbyhand", subnet="10.218.0.0/24")
    docker.create_network("genai-lab-byhand", driver="bridge")
    try:
        with pytest.raises(EngineError, match="genai-lab-byhand"):
            ensure_network(docker, settings)
    finally:
        docker.remove_network("genai-lab-byhand")


def test_the_network_is_made_once_and_found_again(docker: APIClient):
    settings = DockerSettings(prefix="genai-lab-twice", bridge="labtwice", subnet="10.218.1.0/24")
    try:
        ensure_network(docker, settings)
        ensure_network(docker, settings)
        assert len(docker.networks(names=["^genai-lab-twice$"])) == 1
    finally:
        docker.remove_network("genai-lab-twice")
