"""What an instructor says of the cluster: `GENAI_HUB_KUBE_…`; the defaults are those of `values.yaml`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ProfileName = Literal["cpu", "gpu", "mig"]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
Quantity = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$")]
ResourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$")]


class KubeSettings(BaseSettings):
    """`GENAI_HUB_KUBE_IMAGE` and so on: the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_HUB_KUBE_",
        env_file=".env",
        env_parse_none_str="none",
        extra="ignore",
        frozen=True,
    )

    image: Annotated[str, StringConstraints(pattern=r"^[\w./:@-]+$")]  # built from Dockerfile.gpu
    namespace: ObjectName = "default"
    profiles: Annotated[tuple[ProfileName, ...], NoDecode, Field(min_length=1)] = ("cpu", "gpu", "mig")
    gpu: ResourceName = "nvidia.com/gpu"
    mig: ResourceName = "nvidia.com/mig-1g.10gb"
    gpu_nodes: dict[str, str] = {"nvidia.com/gpu.present": "true"}  # labels of nodes with cards, as JSON
    home: Quantity = "10Gi"  # each student's own volume
    storage_class: ObjectName | None = None
    models: ObjectName | None = "genai-lab-models"  # a volume claim with weights, shared read-only; or none
    wait_minutes: Annotated[int, Field(ge=1, le=1440)] = 60  # for a node with room, then the pod is withdrawn
    # what pods find the hub by: its service's name
    hub_address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")] = "hub"

    @field_validator("profiles", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        )
