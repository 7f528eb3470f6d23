"""`docs/services/compose.yaml` can be read, holds no secret, and sets only what this project reads."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "services"
FILE = FOLDER / "compose.yaml"
TEXT = FILE.read_text(encoding="utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
PROFILES = ("mini", "cpu", "gpu")
OURS = [name for name, service in SERVICES.items() if "genai-lab}" in service.get("image", "")]


def running(profile: str) -> dict[str, Any]:
    return {name: each for name, each in SERVICES.items() if profile in each.get("profiles", PROFILES)}


@pytest.mark.parametrize("profile", PROFILES)
def test_each_profile_starts_the_lab_a_comfyui_and_an_image_server(profile: str) -> None:
    kinds = sorted(name.partition("-")[0] for name in running(profile))
    assert kinds == ["comfyui", "images", "lab"]


def test_every_setting_in_it_is_one_this_project_reads() -> None:
    known = set(re.findall(r"\b([A-Z][A-Z0-9_]+)(?==| if)", (ROOT / ".env.example").read_text("utf-8")))
    assert len(OURS) == 3
    for name in OURS:
        assert set(SERVICES[name].get("environment", {})) <= known, name


def test_every_variable_it_takes_is_explained_and_has_a_default() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, default in re.findall(r"(?<!\$)\$\{([A-Z0-9_]+)(:-[^}]*)?\}", TEXT):
        assert f"`{name}`" in told, name
        assert default, name


def test_it_holds_no_secret_and_opens_no_port_to_others() -> None:
    for name, service in SERVICES.items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search(r"TOKEN|KEY|AUTH|PASSWORD", variable):
                assert re.fullmatch(r"\$\{[A-Z_]+:-\}", value), (name, variable)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        if name != "lab":
            assert service["network_mode"] == "service:lab", name


def test_addresses_are_those_at_which_the_services_listen() -> None:
    lab = SERVICES["lab"]["environment"]
    assert lab["COMFYUI_API_URL"].endswith(":8188")
    assert lab["FLUX_API_URL"].endswith(f":{SERVICES['images-mini']['environment']['GENAI_API_PORT']}")
    command = SERVICES["images-gpu"]["command"]
    assert lab["FLUX_API_URL"].endswith(f":{command[command.index('--listen-port') + 1]}")


@pytest.mark.parametrize("name", OURS)
def test_the_projects_own_commands_in_it_exist(name: str) -> None:
    command = SERVICES[name].get("command", ["genai-lab", "serve"])
    asked = [sys.executable, "-m", "genai_lab", command[1], "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    assert all(each in told.stdout for each in command[2:] if each.startswith("--"))


def test_docker_compose_takes_it_where_it_is_installed() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        return  # the tests above have read the file
    for profile in PROFILES:
        asked = [docker, "compose", "-f", str(FILE), "--profile", profile, "config", "--quiet"]
        done = subprocess.run(asked, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
