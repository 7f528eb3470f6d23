"""Settings of the GPUs: which are lent, and how many labs share one."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.gpus.devices import Device, configured, found


class GpuSettings(BaseSettings):
    """`GENAI_HUB_GPUS`: `auto` (all that `nvidia-smi` lists), `none`, or `0,1` and UUIDs.

    `GENAI_HUB_GPU_SHARE`: how many labs may share one; they are then not kept apart on the card.
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_", env_file=".env", extra="ignore")

    gpus: str = "auto"
    gpu_share: Annotated[int, Field(ge=1, le=16)] = 1

    def devices(self) -> tuple[Device, ...]:
        """The devices to lend. Raises DevicesError."""
        if self.gpus.strip() == "auto":
            return found()
        return () if self.gpus.strip() == "none" else configured(self.gpus)
