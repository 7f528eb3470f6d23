"""Come in from the course's page in Moodle or Canvas, by LTI 1.3.

The platform signs who is coming; whoever can open the course's link may enter.
"""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from traitlets.config import Config

from exercises.i18n import Translate
from hub.addresses import address
from hub.settings import HubSettings


class LtiSettings(BaseSettings):
    """`GENAI_HUB_LTI_ISSUER`, and so on, as the platform shows them where the tool is registered."""

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_LTI_", env_file=".env", extra="ignore")

    issuer: str = Field(min_length=1)
    authorize_url: str = Field(min_length=1)
    jwks_url: str = Field(min_length=1)
    client_ids: Annotated[frozenset[str], NoDecode] = Field(min_length=1)  # separated by commas
    # only launches of these deployments, separated by commas; empty: of all
    deployments: Annotated[frozenset[str], NoDecode] = frozenset()
    username_claim: str = "email"

    @field_validator("client_ids", "deployments", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.platform import Platform

    lti = LtiSettings()
    c.JupyterHub.authenticator_class = Platform
    c.Platform.issuer = lti.issuer
    c.Platform.authorize_url = lti.authorize_url
    c.Platform.jwks_endpoint = lti.jwks_url
    c.Platform.client_id = set(lti.client_ids)
    c.Platform.deployments = set(lti.deployments)
    c.Platform.username_key = lti.username_claim
    c.Platform.allow_all = True
    c.Platform.tool_name = "GenAI Lab"
    c.Platform.tool_description = "A teaching lab for generative images"


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """What has to be registered at the platform."""
    hub = f"{address(settings)}hub/lti13/"
    return [t("lti.register", login=f"{hub}oauth_login", callback=f"{hub}oauth_callback")]
