"""Settings of the hub, which the instructor chooses. Each spawner and authenticator has its own besides."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, FilePath, IPvAnyAddress, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.user_names import normalized

SpawnerName = Literal["local", "docker", "slurm", "kube"]
AuthenticatorName = Literal["shared", "native", "oidc", "lti"]


def _split_commas(value: object) -> object:
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


CommaSeparated = BeforeValidator(_split_commas)  # for settings that are lists, together with NoDecode


class HubSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_SPAWNER`, `GENAI_HUB_PORT` and so on."""

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_", env_file=".env", extra="ignore")

    spawner: SpawnerName = "local"
    authenticator: AuthenticatorName = "shared"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000  # 0 means any free port
    # The port of the hub's API. It must stay the same over a restart, so that running labs find the hub.
    api_port: Annotated[int, Field(ge=1, le=65535)] = 8081
    state: Path = Path("hub-state")  # holds all that the hub keeps
    instructors: Annotated[frozenset[str], NoDecode, CommaSeparated] = frozenset()  # user names
    base_url: Annotated[str, Field(pattern=r"^/([A-Za-z0-9._~-]+/)*$")] = "/"
    public_url: str = ""  # where people open the hub, if it differs from where the hub listens
    subdomain_host: str = ""  # such as https://hub.example.org; each student gets a name below it
    tls_certificate: FilePath | None = None
    tls_key: FilePath | None = None
    # The addresses of a proxy in front of the hub that terminates TLS.
    tls_proxy: Annotated[frozenset[IPvAnyAddress], NoDecode, CommaSeparated] = frozenset()
    insecure: bool = False  # let others reach the hub in spite of known risks
    gateway: bool = True  # one engine draws for all labs, which then need neither a GPU nor a key
    gateway_port: Annotated[int, Field(ge=1, le=65535)] = 7880
    # A lab without activity is stopped after this time; 0 means never.
    idle_seconds: Annotated[int, Field(ge=0)] = 3600
    idle_check_seconds: Annotated[int, Field(ge=1)] = 60  # the pause between two checks for idle labs

    @field_validator("instructors")
    @classmethod
    def _normalized(cls, names: frozenset[str]) -> frozenset[str]:
        return frozenset(map(normalized, names))  # as at the login
