"""Settings for labs in containers: the image, the network, and the limits of one lab."""

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated

from pydantic import ByteSize, Field, TypeAdapter, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_BYTES = TypeAdapter(ByteSize)
Size = Annotated[ByteSize, Field(gt=0)]


def _size(text: str) -> ByteSize:
    return _BYTES.validate_python(text)


class DockerSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_DOCKER_IMAGE` and so on.

    The engine is the one that `DOCKER_HOST` names, as for the `docker` command. Sizes are written as
    `4GiB` or `500MB`. `temporary` and `shared_memory` are kept in memory and count towards `memory`.
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_HUB_DOCKER_", env_file=".env", extra="ignore")

    image: Annotated[str, Field(min_length=1, max_length=300)] = "genai-lab"
    # Containers, volumes and the network are named after the prefix, so each hub on an engine needs its own.
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")] = "genai-lab"
    bridge: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}$")] = "genai-lab0"  # the host's interface
    subnet: IPv4Network = IPv4Network("10.213.0.0/20")
    models: Path | None = None  # the host's folder of weights; labs may only read it
    memory: Size = _size("4GiB")
    cpus: Annotated[float, Field(gt=0, le=1024)] = 2
    processes: Annotated[int, Field(ge=64, le=65536)] = 512  # threads are counted, too
    open_files: Annotated[int, Field(ge=256, le=1048576)] = 4096
    file_size: Size = _size("2GiB")  # the largest size of one file
    temporary: Size = _size("512MiB")  # /tmp
    shared_memory: Size = _size("256MiB")  # /dev/shm
    start_seconds: Annotated[int, Field(ge=10)] = 120  # until the started lab must answer

    @field_validator("subnet")
    @classmethod
    def _check_subnet(cls, subnet: IPv4Network) -> IPv4Network:
        if not subnet.is_private or subnet.prefixlen > 29:
            raise ValueError("a private network of at least 8 addresses")
        return subnet

    @property
    def gateway(self) -> IPv4Address:
        """The host's address on the labs' network, where the hub listens."""
        return self.subnet.network_address + 1
