"""A fixture with the hub's own configuration for pods."""

import pytest
from traitlets.config import Config

from hub.settings import HubSettings
from hub.spawners.kube import configuration
from tests.hub.spawners.kube.pods import mine


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Config:
    """The configuration of `genai-lab hub --spawner kube`, with the image of the documented mine.yaml."""
    image = mine()["singleuser"]["image"]
    monkeypatch.setenv("GENAI_HUB_KUBE_IMAGE", f"{image['name']}:{image['tag']}")
    for name in ("GENAI_LANGUAGE", "GENAI_MODEL", "GENAI_ASSIGNMENT", "GENAI_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    c = Config()
    configuration.configure(c, HubSettings(_env_file=None, spawner="kube"))
    return c
