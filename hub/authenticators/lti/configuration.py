"""JupyterHub's configuration for logins from the course's page in Moodle or Canvas, by LTI 1.3.

The platform signs who the person is. Whoever can open the course's link may enter.
"""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from traitlets.config import Config

from exercises.i18n import Translate
from hub.addresses import public_url
from hub.authenticators.lti import grades
from hub.settings import CommaSeparated, HubSettings


class LtiSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_LTI_ISSUER` and so on; the platform shows their values."""

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_LTI_", env_file=".env", extra="ignore")

    issuer: str = Field(min_length=1)
    authorize_url: str = Field(min_length=1)
    jwks_url: str = Field(min_length=1)
    client_ids: Annotated[frozenset[str], NoDecode, CommaSeparated] = Field(min_length=1)
    # If not empty, only launches of these deployments (separated by commas) are accepted.
    deployments: Annotated[frozenset[str], NoDecode, CommaSeparated] = frozenset()
    username_claim: str = "email"
    token_url: str = ""  # where the platform gives tokens to tools; with it, grades can be sent back


def configure(c: Config, settings: HubSettings) -> None:
    from hub.authenticators.lti.authenticator import LtiAuthenticator

    lti = LtiSettings()
    c.JupyterHub.authenticator_class = LtiAuthenticator
    c.LtiAuthenticator.issuer = lti.issuer
    c.LtiAuthenticator.authorize_url = lti.authorize_url
    c.LtiAuthenticator.jwks_endpoint = lti.jwks_url
    c.LtiAuthenticator.client_id = set(lti.client_ids)
    c.LtiAuthenticator.deployments = set(lti.deployments)
    c.LtiAuthenticator.username_key = lti.username_claim
    c.LtiAuthenticator.allow_all = True
    c.LtiAuthenticator.tool_name = "GenAI Lab"
    c.LtiAuthenticator.tool_description = "A teaching lab for generative images"
    if lti.token_url:
        grades.configure(c, settings.state.resolve(), lti.token_url)


def announce(settings: HubSettings, t: Translate) -> list[str]:
    """Show the addresses that must be registered at the platform."""
    hub = f"{public_url(settings)}hub/lti13/"
    lines = [t("lti.register", login=f"{hub}oauth_login", callback=f"{hub}oauth_callback")]
    return [*lines, t("lti.keys", keys=f"{hub}jwks")] if LtiSettings().token_url else lines
