"""Settings for GPUs: which ones are leased to labs, and how many labs share one."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.spawners.docker.gpus.devices import Device, detect_devices, parse_setting


class GpuSettings(BaseSettings):
    """`GENAI_HUB_GPUS` is `auto` (all that `nvidia-smi` lists), `none`, or a list of `0,1` and UUIDs.

    `GENAI_HUB_GPU_SHARE` is the number of labs that may share one GPU; the card does not isolate them.
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_", env_file=".env", extra="ignore")

    gpus: str = "auto"
    gpu_share: Annotated[int, Field(ge=1, le=16)] = 1

    def devices(self) -> tuple[Device, ...]:
        """Return the devices that may be leased. Raises DevicesError."""
        if self.gpus.strip() == "auto":
            return detect_devices()
        return () if self.gpus.strip() == "none" else parse_setting(self.gpus)
