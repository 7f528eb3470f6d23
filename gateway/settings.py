"""Settings of the gateway: where it listens, what it keeps, and the Hub it stands below."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """`GENAI_GATEWAY_HOST`, `GENAI_GATEWAY_PORT`, `GENAI_GATEWAY_STATE`; and what a Hub tells it."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_GATEWAY_", env_file=".env", extra="ignore", populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7880  # 0: any free one
    state: Path = Path("gateway-state")  # holds all that the gateway keeps
    hub_api_url: str | None = Field(default=None, validation_alias=AliasChoices("JUPYTERHUB_API_URL"))
    hub_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("JUPYTERHUB_API_TOKEN"))
