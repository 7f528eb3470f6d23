"""Settings of the ComfyUI server that draws for this lab."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ComfyuiSettings(BaseSettings):
    """`COMFYUI_API_URL`: its address, as in http://127.0.0.1:8188; `COMFYUI_API_TOKEN`: a bearer token,
    where a proxy before it asks for one.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True)

    url: Annotated[str, Field(pattern=r"^https?://[^\s/@?#]+(/[^\s?#]*)?$")] | None = Field(
        default=None, validation_alias="COMFYUI_API_URL"
    )
    token: SecretStr | None = Field(default=None, validation_alias="COMFYUI_API_TOKEN")

    @property
    def address(self) -> str:
        """Scheme, host and port, as a record holds them."""
        parts = urlsplit(self.url or "")
        return f"{parts.scheme}://{parts.netloc}"
