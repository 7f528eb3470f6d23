"""Settings for labs on a Slurm cluster, from `GENAI_HUB_SLURM_…`.

Students choose from the lists, whose items are separated by commas; the first item is the default.
Every value is checked here, so that nothing else can reach Slurm's command line.
"""

import re
import sys
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.settings import CommaSeparated

NONE = "none"  # in the list of gres, this means no card

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$")]
Gres = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+)?(:[1-9][0-9]{0,2})?$")]
Minutes = Annotated[int, Field(ge=1, le=100_000)]
Gigabytes = Annotated[int, Field(ge=1, le=10_000)]
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SlurmSettings(BaseSettings):
    """The fields are read from `GENAI_HUB_SLURM_PARTITIONS` and so on."""

    model_config = SettingsConfigDict(
        env_prefix="GENAI_HUB_SLURM_", env_file=".env", extra="ignore", frozen=True
    )

    partitions: Annotated[tuple[Name, ...], NoDecode, CommaSeparated, Field(min_length=1)]
    minutes: Annotated[tuple[Minutes, ...], NoDecode, CommaSeparated, Field(min_length=1)] = (60, 120, 240)
    memory: Annotated[tuple[Gigabytes, ...], NoDecode, CommaSeparated, Field(min_length=1)] = (8, 16)
    gres: Annotated[tuple[Gres, ...], NoDecode, CommaSeparated, Field(min_length=1)] = (NONE, "gpu:1")
    cpus: Annotated[int, Field(ge=1, le=1000)] = 2
    account: Name | None = None  # Slurm's account, which is charged for the job
    qos: Name | None = None
    reservation: Name | None = None  # for example for the hours of a lesson

    accounts: Literal["hub", "students"] = "hub"  # whose operating system account runs a job
    homes: Path | None = None  # of the students' homes if accounts is "hub"; the nodes must share it
    python: Path = Path(sys.executable)  # a Python on the nodes that has this project
    setup: str = ""  # shell lines before the lab, for example `module load cuda`
    path: str = "/usr/local/bin:/usr/bin:/bin"  # the job's PATH
    environment: dict[str, str] = {}  # additional variables for every lab, as JSON

    hub_address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]+$")] = "127.0.0.1"
    queue_hours: Annotated[float, Field(gt=0, le=240)] = 12  # a job that waits longer is withdrawn
    start_seconds: Annotated[int, Field(ge=1, le=3600)] = 300  # until the started lab must answer
    look_seconds: Annotated[float, Field(ge=0.2, le=60)] = 3  # the pause between two readings of the queue

    @field_validator("environment")
    @classmethod
    def _check_variables(cls, environment: dict[str, str]) -> dict[str, str]:
        for name, value in environment.items():
            if not VARIABLE.fullmatch(name) or name.startswith("JUPYTERHUB_") or "\0" in value:
                raise ValueError(f"{name}: not a variable that can be set for labs")
        return environment
