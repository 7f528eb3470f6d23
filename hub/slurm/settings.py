"""What an instructor says of the cluster: `GENAI_HUB_SLURM_…`.

Lists are what a student may choose from, separated by commas, the first being what they get without
a choice. Every value is checked here, so that nothing else can reach Slurm's command line.
"""

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

NONE = "none"  # in the list of gres: no card

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$")]
Gres = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+)?(:[1-9][0-9]{0,2})?$")]
Minutes = Annotated[int, Field(ge=1, le=100_000)]
Gigabytes = Annotated[int, Field(ge=1, le=10_000)]
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SlurmSettings(BaseSettings):
    """`GENAI_HUB_SLURM_PARTITIONS` and so on: the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_HUB_SLURM_", env_file=".env", extra="ignore", frozen=True
    )

    partitions: Annotated[tuple[Name, ...], NoDecode, Field(min_length=1)]
    minutes: Annotated[tuple[Minutes, ...], NoDecode, Field(min_length=1)] = (60, 120, 240)
    memory: Annotated[tuple[Gigabytes, ...], NoDecode, Field(min_length=1)] = (8, 16)
    gres: Annotated[tuple[Gres, ...], NoDecode, Field(min_length=1)] = (NONE, "gpu:1")
    cpus: Annotated[int, Field(ge=1, le=1000)] = 2
    account: Name | None = None  # Slurm's, who pays
    qos: Name | None = None
    reservation: Name | None = None  # as for the hours of a lesson

    accounts: Literal["hub", "students"] = "hub"  # under whose account of the cluster a job runs
    homes: Path | None = None  # with "hub": one home per student, on a disk that the nodes share
    python: Path = Path(sys.executable)  # on the nodes: one that has this project installed
    setup: str = ""  # shell lines before the lab, as `module load cuda`
    path: str = "/usr/local/bin:/usr/bin:/bin"  # the job's PATH
    environment: dict[str, str] = {}  # more variables for every lab, as JSON

    hub_address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]+$")] = "127.0.0.1"
    queue_hours: Annotated[float, Field(gt=0, le=240)] = 12  # a job that waits longer is withdrawn
    start_seconds: Annotated[int, Field(ge=1, le=3600)] = 300  # from the job's start to an open lab
    look_seconds: Annotated[float, Field(ge=0.2, le=60)] = 3  # Slurm is not asked more often

    @field_validator("partitions", "minutes", "memory", "gres", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return (
            [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value
        )

    @field_validator("environment")
    @classmethod
    def _variables(cls, environment: dict[str, str]) -> dict[str, str]:
        for name, value in environment.items():
            if not VARIABLE.fullmatch(name) or name.startswith("JUPYTERHUB_") or "\0" in value:
                raise ValueError(f"{name}: not a variable that can be set for labs")
        return environment
