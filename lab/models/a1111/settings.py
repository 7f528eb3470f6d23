"""Settings of the server with A1111's API that draws for this lab."""

from base64 import b64encode
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.models.http import Connection
from lab.models.server_address import server_address

API = "/sdapi/v1"


def _address(value: SecretStr) -> SecretStr:
    server_address(value.get_secret_value(), "http://127.0.0.1:7860", login=True)
    return value


def _pair(value: SecretStr) -> SecretStr:
    user, colon, _ = value.get_secret_value().partition(":")
    if not user or not colon:
        raise PydanticCustomError("login", "user:password was expected")
    return value


class A1111Settings(BaseSettings):
    """`STABLE_DIFFUSION_URL`: its address, as in http://127.0.0.1:7860; `STABLE_DIFFUSION_AUTH`: the
    `user:password` of its `--api-auth`, which may stand in the address instead.

    Both may hold a password, so neither is ever shown: `address` is what is.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
        env_ignore_empty=True,
    )

    url: Annotated[SecretStr, AfterValidator(_address)] | None = Field(
        default=None, validation_alias="STABLE_DIFFUSION_URL"
    )
    auth: Annotated[SecretStr, AfterValidator(_pair)] | None = Field(
        default=None, validation_alias="STABLE_DIFFUSION_AUTH"
    )

    @property
    def address(self) -> str:
        """Scheme, host and port, as a record and a page hold them."""
        return self.connection().address if self.url else ""

    def connection(self) -> Connection:
        """The server. Raises ValueError where there is no address."""
        if self.url is None:
            raise ValueError("there is no address")
        parts = urlsplit(self.url.get_secret_value())
        credentials, _, host = parts.netloc.rpartition("@")
        user, _, password = (unquote(part) for part in credentials.partition(":"))
        pair = self.auth.get_secret_value() if self.auth else f"{user}:{password}" if user else ""
        headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"} if pair else {}
        path = parts.path.rstrip("/").removesuffix(API)
        return Connection(f"{parts.scheme}://{host}{path}", headers)
