"""Tests of logins at an OpenID provider on this machine: who may enter, and what is checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tornado.web import HTTPError
from traitlets.config import Config

from hub.authenticators.oidc.authenticator import OidcAuthenticator
from hub.authenticators.oidc.configuration import OidcSettings, find_endpoints
from hub.configuration import configure
from hub.errors import HubError
from hub.secret_files import read_secret
from hub.settings import HubSettings
from tests.hub.conftest import INSTRUCTOR, RunningHub, StartHub, wait_until
from tests.hub.identity import CLIENT, SECRET, OpenIdProvider, serving

IN_GROUP = {"preferred_username": "Jane.Doe", "groups": ["students", "ai-course"]}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    provider = OpenIdProvider()
    with serving(provider):
        yield provider


@pytest.fixture(scope="module")
def hub(
    start_hub: StartHub, provider: OpenIdProvider, tmp_path_factory: pytest.TempPathFactory
) -> RunningHub:
    secret = tmp_path_factory.mktemp("secret") / "client-secret"
    secret.touch(mode=0o600)
    secret.write_text(f"{SECRET}\n")
    return start_hub(
        GENAI_HUB_AUTHENTICATOR="oidc",
        GENAI_HUB_OIDC_ISSUER=provider.url,
        GENAI_HUB_OIDC_CLIENT_ID=CLIENT,
        GENAI_HUB_OIDC_CLIENT_SECRET_FILE=str(secret),
        GENAI_HUB_OIDC_ALLOWED_GROUPS="ai-course, other-course",
        GENAI_HUB_OIDC_NAME="the University",
    )


@pytest.fixture(autouse=True)
def reset_provider(provider: OpenIdProvider) -> None:
    provider.person, provider.verify_as = {}, None


def log_in(hub: RunningHub) -> tuple[httpx2.Client, httpx2.Response]:
    """Press the login button, follow the redirects to the provider and back, and return the hub's answer."""
    client = httpx2.Client(base_url=hub.url, timeout=60)
    answer = client.get("hub/oauth_login?next=/hub/home")
    while answer.is_redirect and "/hub/home" not in answer.headers["location"]:
        answer = client.get(answer.headers["location"])
    return client, answer


def name_of(client: httpx2.Client) -> Any:
    return client.get("hub/api/user", headers={"Referer": f"{client.base_url}hub/"}).json().get("name")


def test_the_login_page_leads_to_the_provider(hub: RunningHub) -> None:
    page = httpx2.get(f"{hub.url}hub/login").text
    assert "Log in with the University" in page
    assert "hub/oauth_login" in page


def test_a_member_of_an_allowed_group_gets_in(hub: RunningHub, provider: OpenIdProvider) -> None:
    provider.person = IN_GROUP
    client, answer = log_in(hub)
    assert answer.headers["location"] == "/hub/home"
    assert name_of(client) == "jane.doe"


@pytest.mark.parametrize(
    "person",
    [
        {"preferred_username": "stranger", "groups": ["students"]},
        {"preferred_username": "stranger", "groups": "ai-course"},  # a text is not a list of groups
        {"preferred_username": "stranger"},
        {"preferred_username": "x`) || PathPrefix(`/", "groups": ["ai-course"]},
        {"preferred_username": ["jane.doe"], "groups": ["ai-course"]},
        {"groups": ["ai-course"]},
    ],
)
def test_others_do_not(hub: RunningHub, provider: OpenIdProvider, person: dict[str, Any]) -> None:
    provider.person = person
    client, answer = log_in(hub)
    assert answer.status_code in (403, 500)
    assert name_of(client) is None


def test_an_instructor_gets_in_by_name_and_so_does_who_is_on_the_roster(
    hub: RunningHub, provider: OpenIdProvider
) -> None:
    provider.person = {"preferred_username": INSTRUCTOR}
    client, _ = log_in(hub)
    headers = {"Referer": f"{hub.url}hub/"}
    assert client.get("hub/api/user", headers=headers).json()["admin"]
    token = (hub.state / "cohort-token").read_text().strip()
    made = httpx2.post(
        f"{hub.url}hub/api/users",
        json={"usernames": ["on.roster"]},
        headers={"Authorization": f"token {token}"},
    )
    assert made.status_code == 201
    provider.person = {"preferred_username": "on.roster"}
    client, _ = log_in(hub)
    assert name_of(client) == "on.roster"


def test_the_verifier_is_really_sent_and_belongs_to_the_challenge(
    hub: RunningHub, provider: OpenIdProvider
) -> None:
    provider.person, provider.verify_as = IN_GROUP, "x" * 43
    client, answer = log_in(hub)
    assert answer.status_code >= 400
    assert name_of(client) is None


@pytest.mark.parametrize("change", ["no cookie", "no state", "another's state"])
def test_an_answer_that_was_not_asked_for_is_refused(
    hub: RunningHub, provider: OpenIdProvider, change: str
) -> None:
    provider.person = IN_GROUP
    victim, other = (httpx2.Client(base_url=hub.url, timeout=60) for _ in range(2))
    answer = victim.get(victim.get("hub/oauth_login").headers["location"])
    callback = httpx2.URL(answer.headers["location"])
    assert parse_qs(urlsplit(str(callback)).query).keys() == {"code", "state"}
    if change == "no cookie":
        victim = httpx2.Client(base_url=hub.url, timeout=60)
    elif change == "no state":
        callback = callback.copy_remove_param("state")
    else:
        theirs = httpx2.URL(other.get("hub/oauth_login").headers["location"]).params["state"]
        callback = callback.copy_set_param("state", theirs)
    assert victim.get(callback).status_code == 400
    assert name_of(victim) is None


def test_a_code_works_once(hub: RunningHub, provider: OpenIdProvider) -> None:
    provider.person = IN_GROUP
    client = httpx2.Client(base_url=hub.url, timeout=60)
    callback = client.get(client.get("hub/oauth_login").headers["location"]).headers["location"]
    cookies = dict(client.cookies)
    assert client.get(callback).status_code == 302
    again = httpx2.Client(base_url=hub.url, timeout=60, cookies=cookies)
    assert again.get(callback).status_code >= 400


def test_the_client_s_secret_is_told_nowhere(hub: RunningHub) -> None:
    said = wait_until(hub.console.read_text, "the hub said something")
    assert f"{hub.url}hub/oauth_callback" in said
    assert SECRET not in said + hub.log.read_text()


@pytest.mark.parametrize(
    ("methods", "basic"), [(None, True), (["client_secret_basic"], True), (["client_secret_post"], False)]
)
def test_the_client_authenticates_in_the_way_the_provider_announces(
    provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch, methods: list[str] | None, basic: bool
) -> None:
    monkeypatch.setattr(provider, "methods", methods)
    assert find_endpoints(OidcSettings(issuer=provider.url, client_id=CLIENT)).uses_basic is basic


def test_a_discovery_document_of_another_issuer_is_refused(provider: OpenIdProvider) -> None:
    with pytest.raises(HubError, match="exactly"):
        find_endpoints(OidcSettings(issuer=provider.url + "/", client_id=CLIENT))


@pytest.mark.parametrize(
    ("verified", "expected"),
    [
        (True, "j@u.fr"),
        ("true", "j@u.fr"),
        (None, "j@u.fr"),
        (False, None),
        ("false", None),
        ("", None),
        (0, None),
    ],
)
def test_an_address_the_provider_did_not_verify_names_nobody(
    verified: bool | str | int | None, expected: str | None
) -> None:
    authenticator = OidcAuthenticator(config=Config({"OidcAuthenticator": {"username_claim": "email"}}))
    claims = {"email": "j@u.fr"} | ({} if verified is None else {"email_verified": verified})
    if expected:
        assert authenticator.user_info_to_username(claims) == expected
    else:
        with pytest.raises(HTTPError):
            authenticator.user_info_to_username(claims)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("secret")
    file.chmod(0o640)
    with pytest.raises(HubError, match="chmod 600"):
        read_secret(file)


ADDRESSES = {f"{name}_URL": "https://id.example.org/x" for name in ("AUTHORIZE", "TOKEN", "USERINFO")}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "GENAI_HUB_OIDC_ISSUER"),
        ({"ISSUER": "http://id.example.org"}, "https"),
        ({"ISSUER": "http://127.0.0.1:9"}, "http://127.0.0.1:9/.well-known"),
        (ADDRESSES, "GENAI_HUB_OIDC_CLIENT_SECRET"),
        (ADDRESSES | {"TOKEN_URL": "http://id.example.org/x"}, "https"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], named: str
) -> None:
    for name, value in (settings | {"CLIENT_ID": CLIENT}).items():
        monkeypatch.setenv(f"GENAI_HUB_OIDC_{name}", value)
    with pytest.raises(HubError, match=named):
        configure(Config(), HubSettings(state=tmp_path / "state", authenticator="oidc"))
