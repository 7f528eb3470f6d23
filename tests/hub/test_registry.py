"""The tables of spawners and authenticators are complete, and a hub loads only the spawner it uses."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from hub.registry import AUTHENTICATORS, SPAWNERS
from hub.settings import AuthenticatorName, SpawnerName

CONFIGURE = """
import sys
from pathlib import Path
from traitlets.config import Config
from hub.configuration import configure
from hub.settings import HubSettings
configure(Config(), HubSettings(state=Path(sys.argv[1]), spawner=sys.argv[2]))
print(*sorted({"batchspawner", "dockerspawner", "kubespawner"} & set(sys.modules)))
"""


def test_every_name_in_the_settings_has_an_entry() -> None:
    assert tuple(SPAWNERS) == get_args(SpawnerName)
    assert tuple(AUTHENTICATORS) == get_args(AuthenticatorName)


@pytest.mark.parametrize(("spawner", "loaded"), [("local", ""), ("kube", "kubespawner")])
def test_only_the_chosen_spawner_is_loaded(
    spawner: str, loaded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_HUB_KUBE_IMAGE", "registry.example.org/genai-lab:0.1.0")
    done = subprocess.run(
        [sys.executable, "-c", CONFIGURE, str(tmp_path), spawner],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == loaded
