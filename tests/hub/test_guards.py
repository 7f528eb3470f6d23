"""Tests that a hub which others can reach refuses to start with known risks, and lists them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from traitlets.config import Config

from hub import guards
from hub.configuration import configure
from hub.settings import HubSettings

EVERYWHERE = "0.0.0.0"  # noqa: S104  (nothing listens there)
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST", "hub.localhost"]
OPEN = [
    EVERYWHERE,
    "::",
    "",
    "192.168.1.7",
    "10.0.0.1",
    "hub.example.org",
    "localhost.example.org",
    "127.0.0.1.nip.io",
]
SAFE = {"authenticator": "oidc", "spawner": "docker"}


@pytest.mark.parametrize("host", LOOPBACK)
def test_these_hosts_are_this_machine(host: str) -> None:
    assert guards.is_loopback(host)


@pytest.mark.parametrize("host", OPEN)
def test_these_hosts_are_not_only_this_machine(host: str) -> None:
    assert not guards.is_loopback(host)


@given(
    host=st.sampled_from(["127.0.0.1", EVERYWHERE, "hub.example.org"]),
    authenticator=st.sampled_from(["shared", "native", "oidc", "lti"]),
    spawner=st.sampled_from(["local", "docker", "slurm", "kube"]),
    tls=st.sampled_from(["none", "own", "proxy"]),
    public=st.sampled_from(["", "http://127.0.0.1:8000/", "https://hub.example.org/"]),
    subdomains=st.sampled_from(["", "http://hub.localhost:8000", "https://hub.example.org"]),
)
def test_every_combination_starts_only_without_risks(
    host: str, authenticator: str, spawner: str, tls: str, public: str, subdomains: str
) -> None:
    file = Path(__file__)
    settings = HubSettings(
        host=host,
        authenticator=authenticator,  # type: ignore[arg-type]
        spawner=spawner,  # type: ignore[arg-type]
        tls_certificate=file if tls == "own" else None,
        tls_key=file if tls == "own" else None,
        tls_proxy=frozenset({"10.0.0.5"}) if tls == "proxy" else frozenset(),  # type: ignore[arg-type]
        public_url=public,
        subdomain_host=subdomains,
    )
    outside = host != "127.0.0.1" or tls == "proxy" or "example" in public or "example" in subdomains
    expected = {
        "shared": outside and authenticator == "shared",
        "local": outside and spawner == "local",
        "tls": outside and tls == "none",
    }
    against = [key for key, applies in expected.items() if applies]
    assert guards.risks(settings) == against
    if against:
        with pytest.raises(guards.UnsafeStart) as refused:
            guards.require_safe_start(settings)
        assert str(refused.value).count("\n") == len(against) + 1  # a line for each risk, and a remedy
    else:
        guards.require_safe_start(settings)
    guards.require_safe_start(settings.model_copy(update={"insecure": True}))


def test_the_risks_are_listed_in_both_languages_with_the_settings_to_change() -> None:
    refused = guards.UnsafeStart(["shared", "local", "tls"])
    for language in ("en", "fr"):
        said = refused.in_language(language)  # type: ignore[arg-type]
        for setting in ("AUTHENTICATOR", "SPAWNER", "TLS_CERTIFICATE", "TLS_PROXY", "INSECURE"):
            assert f"GENAI_HUB_{setting}" in said
    assert refused.in_language("en") != refused.in_language("fr")


def test_a_certificate_without_its_key_is_no_tls() -> None:
    settings = HubSettings(host=EVERYWHERE, tls_certificate=Path(__file__), **SAFE)  # type: ignore[arg-type]
    assert guards.risks(settings) == ["tls"]


def test_the_configuration_itself_refuses_so_that_no_other_way_of_starting_gets_past(tmp_path: Path) -> None:
    with pytest.raises(guards.UnsafeStart):
        configure(Config(), HubSettings(host=EVERYWHERE, state=tmp_path / "state"))
    assert not (tmp_path / "state").exists()
