"""JupyterHub's configuration for logins at an OpenID Connect provider: code flow with PKCE.

Those on the roster (`genai-lab cohort import`), instructors and members of the allowed groups may enter.
With `GENAI_HUB_OIDC_EVERYONE` everyone the provider knows may enter.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx2
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from traitlets.config import Config

from exercises.i18n import Translate
from hub.addresses import public_url
from hub.errors import HubError
from hub.guards import is_loopback
from hub.secret_files import read_secret
from hub.settings import CommaSeparated, HubSettings

BASIC = "client_secret_basic"  # the default way in which a client authenticates
TIMEOUT = 15  # seconds for the provider to answer


class OidcSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_OIDC_ISSUER` and so on.

    With an issuer, the provider's addresses are found by discovery.
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_OIDC_", env_file=".env", extra="ignore")

    issuer: str = ""
    authorize_url: str = ""
    token_url: str = ""
    userinfo_url: str = ""
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = SecretStr("")
    client_secret_file: Path | None = None  # only the file's owner may be able to read it
    scopes: Annotated[frozenset[str], NoDecode, CommaSeparated] = frozenset({"openid", "profile", "email"})
    username_claim: str = "preferred_username"
    groups_claim: str = "groups"
    allowed_groups: Annotated[frozenset[str], NoDecode, CommaSeparated] = frozenset()
    everyone: bool = False  # let in everyone the provider knows
    name: str = "OpenID Connect"  # on the login button

    def secret(self) -> str:
        """Return the client secret. Raises HubError if there is none, or if others can read its file."""
        if self.client_secret_file:
            return read_secret(self.client_secret_file)
        if not self.client_secret.get_secret_value():
            raise HubError("oidc.no_secret")
        return self.client_secret.get_secret_value()


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.oidc.authenticator import OidcAuthenticator

    oidc = OidcSettings()
    endpoints = find_endpoints(oidc)
    c.JupyterHub.authenticator_class = OidcAuthenticator
    c.OidcAuthenticator.login_service = oidc.name
    c.OidcAuthenticator.authorize_url = endpoints.authorize
    c.OidcAuthenticator.token_url = endpoints.token
    c.OidcAuthenticator.userdata_url = endpoints.userinfo
    c.OidcAuthenticator.basic_auth = endpoints.uses_basic
    c.OidcAuthenticator.client_id = oidc.client_id
    c.OidcAuthenticator.client_secret = oidc.secret()
    c.OidcAuthenticator.oauth_callback_url = callback_url(settings)
    c.OidcAuthenticator.scope = sorted(oidc.scopes)
    c.OidcAuthenticator.enable_pkce = True
    c.OidcAuthenticator.username_claim = oidc.username_claim
    c.OidcAuthenticator.groups_claim = oidc.groups_claim
    c.OidcAuthenticator.admitted_groups = set(oidc.allowed_groups)
    c.OidcAuthenticator.allow_all = oidc.everyone
    c.OidcAuthenticator.allow_existing_users = True  # everyone on the roster has an account


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """Show the redirect address that must be registered at the provider."""
    return [t("oidc.register", address=callback_url(settings))]


def callback_url(settings: HubSettings) -> str:
    """Return the address to which the provider sends people back."""
    return f"{public_url(settings)}hub/oauth_callback"


@dataclass(frozen=True)
class Endpoints:
    """A provider's addresses, and whether the client authenticates by HTTP Basic or else in the form."""

    authorize: str
    token: str
    userinfo: str
    uses_basic: bool = True


def find_endpoints(oidc: OidcSettings) -> Endpoints:
    """Return the addresses from the settings, or else by discovery. Raises HubError.

    Every address must use TLS, except on this machine.
    """
    configured = (oidc.authorize_url, oidc.token_url, oidc.userinfo_url)
    endpoints = Endpoints(*configured) if all(configured) else _discover(oidc.issuer)
    for url in (endpoints.authorize, endpoints.token, endpoints.userinfo):
        _require_tls(url)
    return endpoints


def _discover(issuer: str) -> Endpoints:
    if not issuer:
        raise HubError("oidc.no_issuer")
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    _require_tls(address)
    try:
        document = httpx2.get(address, timeout=TIMEOUT).raise_for_status().json()
        if document["issuer"] != issuer:
            raise HubError("oidc.other_issuer", address=address, expected=issuer, actual=document["issuer"])
        return Endpoints(
            str(document["authorization_endpoint"]),
            str(document["token_endpoint"]),
            str(document["userinfo_endpoint"]),
            uses_basic=BASIC in document.get("token_endpoint_auth_methods_supported", [BASIC]),
        )
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise HubError("oidc.no_discovery", address=address, reason=error) from error


def _require_tls(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise HubError("oidc.plain", address=url)
