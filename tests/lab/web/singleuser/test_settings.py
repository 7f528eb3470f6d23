"""What the Hub says in the environment is what counts; without it there is no Hub, and none of its code."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from lab.web.server import server_settings
from lab.web.singleuser.links import hub_links
from lab.web.singleuser.settings import HubServerSettings, hub_server_settings

TOLD = {
    "SERVICE_URL": "http://0.0.0.0:8888/user/jane/",
    "SERVICE_PREFIX": "/user/jane/",
    "API_URL": "http://hub:8081/hub/api",
    "API_TOKEN": "secret-token",
    "CLIENT_ID": "jupyterhub-user-jane",
    "OAUTH_CALLBACK_URL": "/user/jane/oauth_callback",
    "OAUTH_ACCESS_SCOPES": '["access:servers!server=jane/", "access:servers!user=jane"]',
    "USER": "jane",
    "COOKIE_HOST_PREFIX_ENABLED": "0",
    "HOST": "",
    "PUBLIC_URL": "",
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TOLD.items():
        monkeypatch.setenv(f"JUPYTERHUB_{name}", value)


def test_without_a_hub_there_are_no_settings_and_no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOLD:
        monkeypatch.delenv(f"JUPYTERHUB_{name}", raising=False)
    assert hub_server_settings() is None
    assert hub_links(hub_server_settings(), str) == ""
    assert server_settings().port == 7860


def test_the_lab_listens_where_the_hub_says(told: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_PREFIX", "/elsewhere")
    monkeypatch.setenv("GENAI_PORT", "7000")
    settings = server_settings()
    assert (settings.host, settings.port, settings.prefix) == ("0.0.0.0", 8888, "/user/jane")  # noqa: S104
    assert server_settings(port=9000).port == 9000


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://127.0.0.1:1234/user/jane/", "127.0.0.1", 1234),
        ("http://[::1]:1234/user/jane/", "::1", 1234),
        ("http://:1234/user/jane/", "0.0.0.0", 1234),  # noqa: S104
        ("http://node7/user/jane/", "node7", 80),
    ],
)
def test_every_way_to_write_the_address(
    told: None, monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: int
) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", url)
    settings = hub_server_settings()
    assert settings is not None
    assert (settings.listen_host, settings.listen_port) == (host, port)


def test_the_token_is_not_shown_by_the_settings(told: None) -> None:
    settings = hub_server_settings()
    assert settings is not None
    assert "secret-token" not in repr(settings) + str(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SERVICE_URL", "https://0.0.0.0:8888/user/jane/"),
        ("SERVICE_PREFIX", "user/jane"),
        ("SERVICE_PREFIX", '/"><script>/'),
        ("OAUTH_ACCESS_SCOPES", "[]"),  # nobody could be told from anybody
        ("API_TOKEN", None),
        ("OAUTH_ACCESS_SCOPES", None),
    ],
)
def test_what_would_leave_the_gate_unsure_keeps_the_lab_from_starting(
    told: None, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None
) -> None:
    if value is None:
        monkeypatch.delenv(f"JUPYTERHUB_{name}")
    else:
        monkeypatch.setenv(f"JUPYTERHUB_{name}", value)
    with pytest.raises(ValidationError) as raised:
        hub_server_settings()
    assert f"JUPYTERHUB_{name}" in str(raised.value)


def test_a_file_beside_the_work_does_not_change_who_gets_in(
    told: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text('JUPYTERHUB_OAUTH_ACCESS_SCOPES=["self"]\nGENAI_ACCESS_SECONDS=30\n')
    settings = HubServerSettings()
    assert "self" not in settings.oauth_access_scopes
    assert settings.access_seconds == 25


def test_the_links_lead_to_the_hub(told: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'href="/hub/home"' in hub_links(hub_server_settings(), str)
    assert "jupyter" not in hub_links(hub_server_settings(), str)
    assert "jupyter/lab" in hub_links(hub_server_settings(), str, notebooks=True)
    monkeypatch.setenv("JUPYTERHUB_HOST", "https://hub.example.org")
    monkeypatch.setenv("JUPYTERHUB_BASE_URL", "/class/")
    assert 'href="https://hub.example.org/class/hub/logout"' in hub_links(hub_server_settings(), str)


def test_without_a_hub_none_of_its_code_is_loaded() -> None:
    code = "import sys, lab.web.server, lab.web.app, lab.ui.page; sys.exit('jupyterhub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4]).returncode == 0
