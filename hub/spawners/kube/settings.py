"""Settings for labs on Kubernetes, from `GENAI_HUB_KUBE_…`. The defaults are those of `values.yaml`."""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.settings import CommaSeparated

ProfileName = Literal["cpu", "gpu", "mig"]
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
Quantity = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*(Mi|Gi|Ti)$")]
ResourceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+/[A-Za-z0-9._-]+$")]


class KubeSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_KUBE_IMAGE` and so on."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_HUB_KUBE_",
        env_file=".env",
        env_parse_none_str="none",
        extra="ignore",
        frozen=True,
    )

    image: Annotated[str, StringConstraints(pattern=r"^[\w./:@-]+$")]  # built from Dockerfile.gpu
    namespace: ObjectName = "default"
    profiles: Annotated[tuple[ProfileName, ...], NoDecode, CommaSeparated, Field(min_length=1)] = PROFILES
    gpu: ResourceName = "nvidia.com/gpu"
    mig: ResourceName = "nvidia.com/mig-1g.10gb"
    gpu_nodes: dict[str, str] = {"nvidia.com/gpu.present": "true"}  # the labels of nodes with cards, as JSON
    home: Quantity = "10Gi"  # the size of each student's volume
    storage_class: ObjectName | None = None
    # The volume claim with the weights, which all labs share read-only; or `none`.
    models: ObjectName | None = "genai-lab-models"
    # How long a pod may wait for a node with room before it is withdrawn.
    wait_minutes: Annotated[int, Field(ge=1, le=1440)] = 60
    # The name of the hub's service, by which pods reach the hub.
    hub_address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")] = "hub"
