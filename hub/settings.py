"""Settings of the hub: what an instructor chooses. Those of one spawner or authenticator stand with it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, FilePath, IPvAnyAddress, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SpawnerName = Literal["local", "docker", "slurm", "kube"]
AuthenticatorName = Literal["shared", "native", "oidc", "lti"]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class HubSettings(BaseSettings):
    """`GENAI_HUB_SPAWNER`, `GENAI_HUB_PORT` and so on: the field's name in capitals."""

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_", env_file=".env", extra="ignore")

    spawner: SpawnerName = "local"
    authenticator: AuthenticatorName = "shared"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000  # 0: any free one
    # where labs and the proxy find the hub itself; stays the same over a restart, so that running labs do
    api_port: Annotated[int, Field(ge=1, le=65535)] = 8081
    state: Path = Path("hub-state")  # all the hub keeps
    instructors: Annotated[frozenset[str], NoDecode] = frozenset()  # user names, separated by commas
    base_url: Annotated[str, Field(pattern=r"^/([A-Za-z0-9._~-]+/)*$")] = "/"
    public_url: str = ""  # as people open it, where that is not what the hub listens on
    subdomain_host: str = ""  # as https://hub.example.org: every student below a name of their own
    tls_certificate: FilePath | None = None
    tls_key: FilePath | None = None
    # addresses of the proxy that ends TLS before the hub, separated by commas
    tls_proxy: Annotated[frozenset[IPvAnyAddress], NoDecode] = frozenset()
    insecure: bool = False  # listen beyond loopback although something speaks against it
    # a lab without activity is stopped after these; 0: never
    idle_seconds: Annotated[int, Field(ge=0)] = 3600
    idle_check_seconds: Annotated[int, Field(ge=1)] = 60  # how often that is looked at

    @field_validator("instructors", "tls_proxy", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value
        )

    @field_validator("instructors")
    @classmethod
    def _lower_case(cls, names: frozenset[str]) -> frozenset[str]:
        return frozenset(name.lower() for name in names)  # as JupyterHub keeps them
