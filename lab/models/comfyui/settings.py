"""Settings of the ComfyUI server that draws for this lab."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.models.http import Connection
from lab.models.server_address import server_address


def _address(text: str) -> str:
    return server_address(text, "http://127.0.0.1:8188")


class ComfyuiSettings(BaseSettings):
    """`COMFYUI_API_URL`: its address, as in http://127.0.0.1:8188; `COMFYUI_API_TOKEN`: a bearer token,
    where a proxy before it asks for one.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    url: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None, validation_alias="COMFYUI_API_URL"
    )
    token: SecretStr | None = Field(default=None, validation_alias="COMFYUI_API_TOKEN")

    @property
    def address(self) -> str:
        """Scheme, host and port, as a record holds them."""
        return Connection(self.url or "", {}).address

    def connection(self) -> Connection:
        """The server. Raises ValueError where there is no address."""
        if self.url is None:
            raise ValueError("there is no address")
        token = self.token.get_secret_value().strip() if self.token else ""
        return Connection(self.url, {"Authorization": f"Bearer {token}"} if token else {})
