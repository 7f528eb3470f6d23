"""Settings of the record: where the work is kept and whose it is."""

from getpass import getuser
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkSettings(BaseSettings):
    """`GENAI_WORK`: the work folder; `GENAI_STUDENT`: the name in manifests (below JupyterHub, its user)."""

    model_config = SettingsConfigDict(env_prefix="GENAI_", env_file=".env", extra="ignore")

    work: Path = Path("work")
    student: str = Field(
        default_factory=getuser,
        max_length=200,
        validation_alias=AliasChoices("GENAI_STUDENT", "JUPYTERHUB_USER"),
    )
