"""Settings of the gateway: where it listens, what it keeps, and the Hub it stands below."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """`GENAI_GATEWAY_HOST`, `GENAI_GATEWAY_PORT`, `_STATE`, `_REPLICAS` …; and what a Hub tells it."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_GATEWAY_", env_file=".env", extra="ignore", populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7880  # 0: any free one
    state: Path = Path("gateway-state")  # holds all that the gateway keeps
    replicas: Annotated[int, Field(ge=0, le=1000)] = 0  # engines on Ray; 0: one in this process, without Ray
    replica_cpus: Annotated[float, Field(gt=0)] = 1.0  # processors of each
    replica_gpus: Annotated[float, Field(ge=0)] | None = None  # cards of each, or a part; unset: one if any
    hub_api_url: str | None = Field(default=None, validation_alias=AliasChoices("JUPYTERHUB_API_URL"))
    hub_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("JUPYTERHUB_API_TOKEN"))
