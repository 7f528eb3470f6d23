"""Of replicas the gateway is told, and no lab; where there are any, its page lists them."""

from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup
from traitlets.config import Config

from exercises.i18n import LANGUAGES, Language, translator
from hub import gateway
from hub.cohort.at_gateway import ADDRESS_FILE, TOKEN_FILE, is_there
from hub.gateway_page import page_content
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings

TOLD = {"GENAI_GATEWAY_REPLICAS": "4", "RAY_ADDRESS": "head:6379", "RAY_AUTH_TOKEN_PATH": "/etc/ray-token"}
QUIET: dict[str, Any] = {
    "paused": False,
    "draining": False,
    "most": 16,
    "drawn": [],
    "waiting": [],
    "pictures": 0,
    "per_minute": 0.0,
    "waited": {"middle": None, "slow": None},
    "took": {"middle": None, "slow": None},
    "failures": {},
    "students": [],
    "replicas": [],
}
NOTHING_SPENT: dict[str, Any] = {
    "currency": "USD",
    "limits": {"class_": None, "student": None, "students": {}},
    "students": {},
    "alerts": [],
}
REPLICA = {"where": "node-1 (42, GPU 0)", "model": "sd15", "running": 3, "most": 16, "lost": 2}


def test_settings_of_replicas_reach_the_gateway_and_no_lab(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    c = Config()
    c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
    c.JupyterHub.spawner_class = type("AnySpawner", (), {})
    c.JupyterHub.services, c.JupyterHub.extra_handlers = [], []
    c.JupyterHub.template_vars = {"instructor_pages": []}
    c.AnySpawner.environment = lab_settings()
    gateway.configure(c, HubSettings(state=tmp_path))
    (service,) = c.JupyterHub.services
    assert TOLD.items() <= service["environment"].items()
    assert not TOLD.keys() & c.AnySpawner.environment.keys()


def test_the_cohorts_commands_are_told_where_the_gateway_is_while_there_is_one(tmp_path: Path) -> None:
    for there in (True, False):
        c = Config()
        c.JupyterHub.hub_bind_url = "http://127.0.0.1:8081"
        c.JupyterHub.spawner_class = type("AnySpawner", (), {})
        c.JupyterHub.services, c.JupyterHub.extra_handlers = [], []
        c.JupyterHub.template_vars = {"instructor_pages": []}
        c.AnySpawner.environment = {}
        told = gateway.configure(c, HubSettings(state=tmp_path, gateway=there, gateway_port=7999))
        assert is_there(tmp_path) is there
        if told:
            assert told == (
                (tmp_path / ADDRESS_FILE).read_text(),
                (tmp_path / TOKEN_FILE).read_text().strip(),
            )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_lists_replicas_where_there_are_any(language: Language) -> None:
    t = translator("hub", language)
    up, lost = REPLICA | {"name": "1", "up": True}, REPLICA | {"name": "2", "up": False}
    page = page_content(QUIET | {"replicas": [up, lost]}, NOTHING_SPENT, t, Markup(""))
    assert t("gateway.table_replicas") in page
    assert "node-1 (42, GPU 0)" in page
    assert page.count(t("gateway.of", count=3, most=16)) == 1
    assert page.count(t("gateway.down")) == 1
    assert t("gateway.table_replicas") not in page_content(QUIET, NOTHING_SPENT, t, Markup(""))
