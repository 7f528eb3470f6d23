"""Log in at the university's identity provider, by OpenID Connect: code flow with PKCE.

Who may enter: those of the roster (`genai-lab cohort import`), instructors, members of the allowed
groups; everyone the provider knows only where that is asked for.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
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

BASIC = "client_secret_basic"  # how a client proves itself, unless a provider says that it does without
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

    oidc = OidcSettings()
    provider = describe(oidc)
    c.JupyterHub.authenticator_class = Provider
    c.Provider.login_service = oidc.name
    c.Provider.authorize_url = provider.authorize
    c.Provider.token_url = provider.token
    c.Provider.userdata_url = provider.userinfo
    c.Provider.basic_auth = provider.basic
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


@dataclass(frozen=True)
class Description:
    """A provider's addresses, and whether the client proves itself by HTTP Basic (else in the form)."""

    authorize: str
    token: str
    userinfo: str
    basic: bool = True


def describe(oidc: OidcSettings) -> Description:
    """As given, else by discovery; every address over TLS except on this machine. Raises HubError."""
    given = (oidc.authorize_url, oidc.token_url, oidc.userinfo_url)
    found = Description(*given) if all(given) else _discover(oidc.issuer)
    for url in (found.authorize, found.token, found.userinfo):
        _demand_tls(url)
    return found


def _discover(issuer: str) -> Description:
    if not issuer:
        raise HubError("oidc.no_issuer")
    document = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    _demand_tls(document)
    try:
        told = httpx.get(document, timeout=PATIENCE).raise_for_status().json()
        if told["issuer"] != issuer:
            raise HubError("oidc.other_issuer", address=document, expected=issuer, actual=told["issuer"])
        return Description(
            str(told["authorization_endpoint"]),
            str(told["token_endpoint"]),
            str(told["userinfo_endpoint"]),
            basic=BASIC in told.get("token_endpoint_auth_methods_supported", [BASIC]),
        )
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise HubError("oidc.no_discovery", address=document, reason=error) from error


def _demand_tls(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise HubError("oidc.plain", address=url)
