"""Log in at the university's identity provider, by OpenID Connect: code flow with PKCE.

Who may enter: those of the roster (`genai-lab cohort import`), instructors, members of the allowed
groups; everyone the provider knows only where that is asked for.
"""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from traitlets.config import Config

from exercises.i18n import Translate
from hub.addresses import address
from hub.errors import HubError
from hub.guards import is_loopback
from hub.secret_files import read_secret
from hub.settings import HubSettings

ENDPOINTS = {"authorize": "authorization_endpoint", "token": "token_endpoint", "userinfo": "userinfo_endpoint"}
PATIENCE = 15  # seconds for the provider to answer


class OidcSettings(BaseSettings):
    """`GENAI_HUB_OIDC_ISSUER`, and so on. With an issuer the addresses are found by discovery."""

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_OIDC_", env_file=".env", extra="ignore")

    issuer: str = ""
    authorize_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    client_secret_file: Path | None = None  # that only its owner can read
    scopes: Annotated[frozenset[str], NoDecode] = frozenset({"openid", "profile", "email"})
    username_claim: str = "preferred_username"
    groups_claim: str = "groups"
    allowed_groups: Annotated[frozenset[str], NoDecode] = frozenset()
    everyone: bool = False  # whoever the provider knows may enter
    name: str = "OpenID Connect"  # on the login button

    @field_validator("allowed_groups", "scopes", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value

    def secret(self) -> str:
        """Raises HubError where there is none, or where others can read its file."""
        if self.client_secret_file:
            return read_secret(self.client_secret_file)
        if not self.client_secret.get_secret_value():
            raise HubError("oidc.no_secret")
        return self.client_secret.get_secret_value()


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.provider import Provider

    oidc = OidcSettings()  # type: ignore[call-arg]  (from the environment)
    found = endpoints(oidc)
    c.JupyterHub.authenticator_class = Provider
    c.Provider.login_service = oidc.name
    c.Provider.authorize_url, c.Provider.token_url, c.Provider.userdata_url = (found[name] for name in ENDPOINTS)
    c.Provider.client_id = oidc.client_id
    c.Provider.client_secret = oidc.secret()
    c.Provider.oauth_callback_url = callback(settings)
    c.Provider.scope = sorted(oidc.scopes)
    c.Provider.enable_pkce = True
    c.Provider.username_claim = oidc.username_claim
    c.Provider.groups_claim = oidc.groups_claim
    c.Provider.admitted_groups = set(oidc.allowed_groups)
    c.Provider.allow_all = oidc.everyone
    c.Provider.allow_existing_users = True  # the roster


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """What has to be registered at the provider."""
    return [t("oidc.register", address=callback(settings))]


def callback(settings: HubSettings) -> str:
    """Where the provider sends people back to."""
    return f"{address(settings)}hub/oauth_callback"


def endpoints(oidc: OidcSettings) -> dict[str, str]:
    """The provider's addresses, each over TLS except on this machine. Raises HubError."""
    given = {name: getattr(oidc, f"{name}_url") for name in ENDPOINTS}
    found = given if all(given.values()) else _discovered(oidc.issuer) | {k: v for k, v in given.items() if v}
    for url in found.values():
        if not _safe(url):
            raise HubError("oidc.plain", address=url)
    return found


def _discovered(issuer: str) -> dict[str, Any]:
    if not issuer:
        raise HubError("oidc.no_issuer")
    document = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    if not _safe(document):
        raise HubError("oidc.plain", address=document)
    try:
        told = httpx.get(document, timeout=PATIENCE).raise_for_status().json()
        if told["issuer"] != issuer:
            raise HubError("oidc.other_issuer", address=document, expected=issuer, actual=told["issuer"])
        return {name: str(told[key]) for name, key in ENDPOINTS.items()}
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise HubError("oidc.no_discovery", address=document, reason=error) from error


def _safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
