"""What JupyterHub tells a server it starts. From the environment alone: no `.env` may change who gets in."""

import os
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

STARTED_BY_HUB = "JUPYTERHUB_SERVICE_URL"

Path = Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9@%._~+-]+/)*$", max_length=1000)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class HubServerSettings(BaseSettings):
    """JupyterHub's own variables (`JUPYTERHUB_…`), and two of ours: how often the Hub is asked and told."""

    model_config = SettingsConfigDict(
        alias_generator=lambda name: f"JUPYTERHUB_{name.upper()}", populate_by_name=True, extra="ignore"
    )

    service_url: Annotated[str, StringConstraints(pattern=r"^http://")]  # where to listen
    service_prefix: Path
    api_url: str
    api_token: SecretStr
    client_id: str
    oauth_callback_url: str  # a path, or with subdomains the whole address
    oauth_access_scopes: frozenset[str] = Field(min_length=1)  # any of them lets a person in
    user: str
    server_name: str = ""
    base_url: Path = "/"
    host: str = ""  # the Hub's, as https://hub.example.org: only with subdomains
    public_url: str = ""  # this server's, where the Hub knows it
    cookie_host_prefix_enabled: bool = False
    activity_url: str = ""  # empty: nobody wants to know
    activity_interval: Seconds = 60
    access_seconds: Annotated[int, Field(ge=1, le=30)] = Field(
        default=25,
        validation_alias=AliasChoices("GENAI_ACCESS_SECONDS"),
        description="how long the Hub's word on a person holds; revoked access ends within twice that",
    )

    @property
    def listen_host(self) -> str:
        return urlsplit(self.service_url).hostname or "0.0.0.0"  # noqa: S104  (what the Hub asks for)

    @property
    def listen_port(self) -> int:
        return urlsplit(self.service_url).port or 80

    @property
    def hub_url(self) -> str:
        """The Hub's own pages, as a link from the lab: ends with a slash."""
        return f"{self.host}{self.base_url}hub/"


def hub_server_settings() -> HubServerSettings | None:
    """The settings, or None where no Hub started this process."""
    return HubServerSettings() if os.environ.get(STARTED_BY_HUB) else None
