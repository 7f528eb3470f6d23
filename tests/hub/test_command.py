"""Tests of errors before `genai-lab hub` starts: one line with a remedy, and exit code 2."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from genai_lab import prefix
from hub.authenticators.oidc.configuration import OidcSettings
from hub.settings import HubSettings
from tests.hub.conftest import free_port


def start(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command, which must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "genai_lab", "hub", "--state", "state"],
        env={"PATH": os.environ["PATH"], "GENAI_HUB_PORT": "0", "GENAI_HUB_API_PORT": str(free_port())}
        | {f"GENAI_HUB_{name}": value for name, value in settings.items()},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PORT": "70000"}, "GENAI_HUB_PORT"),
        ({"TLS_PROXY": "10.0.0.5, somewhere"}, "GENAI_HUB_TLS_PROXY"),
        ({"TLS_KEY": "/no/such/file"}, "GENAI_HUB_TLS_KEY"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    ended = start(tmp_path, **settings)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert named in ended.stderr
    assert not (tmp_path / "state").exists()


def test_settings_of_a_part_have_its_own_prefix() -> None:
    assert prefix(HubSettings.__name__) == "GENAI_HUB_"
    assert prefix(OidcSettings.__name__) == "GENAI_HUB_OIDC_"


def test_each_reason_against_starting_has_its_line(tmp_path: Path) -> None:
    ended = start(tmp_path, HOST="0.0.0.0")  # noqa: S104  (it does not come to that)
    assert (ended.returncode, ended.stdout) == (2, "")
    for setting in ("AUTHENTICATOR", "SPAWNER", "TLS_CERTIFICATE", "INSECURE"):
        assert [line for line in ended.stderr.splitlines() if f"GENAI_HUB_{setting}" in line], setting


def test_a_state_folder_has_one_hub(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with FileLock(state / "hub.lock"):
        ended = start(tmp_path)
    assert ended.returncode == 2
    assert "already running" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("setting", ["PORT", "API_PORT"])
def test_a_port_that_is_taken_is_named_with_its_setting(tmp_path: Path, setting: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        ended = start(tmp_path, **{setting: port})
    assert ended.returncode == 2
    assert port in ended.stderr
    assert f"GENAI_HUB_{setting}" in ended.stderr


def test_a_state_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    ended = start(tmp_path)
    assert ended.returncode == 2
    assert "--state" in ended.stderr
    assert ended.stderr.count("\n") == 1
