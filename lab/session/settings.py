"""Settings of the lab as a server: where it listens, which assignment it opens, which model it uses."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, AwareDatetime, BaseModel, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Dates(BaseModel):
    """When an assignment opens (None: at once) and is due. A deadline alone may be written bare."""

    opens: AwareDatetime | None = None
    due: AwareDatetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, written: Any) -> Any:
        return {"due": written} if written is None or isinstance(written, str) else written


class LabSettings(BaseSettings):
    """`GENAI_HOST`, `GENAI_PORT`, `GENAI_PREFIX`, `GENAI_ASSIGNMENT`, `GENAI_OPEN`, `GENAI_MODEL`,
    `GENAI_GATEWAY`, `GENAI_GATEWAY_DRAWS`, `GENAI_CACHE`; `GENAI_CODE`, `GENAI_CODE_SECONDS` and
    `GENAI_CODE_MEMORY_GIB` for a student's own code; `GENAI_NOTEBOOKS`.
    """

    model_config = SettingsConfigDict(
        env_prefix="GENAI_", env_file=".env", extra="ignore", populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7860  # 0: any free one
    prefix: str = Field(
        default="",
        description="the path below which the lab is served; below JupyterHub, the service's prefix",
        pattern=r"^(/[A-Za-z0-9@%._~-]+)*/?$",
        validation_alias=AliasChoices("GENAI_PREFIX", "JUPYTERHUB_SERVICE_PREFIX"),
    )
    assignment: str = "tp2"
    open: dict[str, Dates] | None = Field(
        default=None,
        description="the student's assignments, when they open and are due, as JSON; default all, without",
    )
    model: str = "mini"
    gateway: Annotated[str, Field(pattern=r"^https?://")] | None = Field(
        default=None, description="the class's gateway, which draws for this lab: http://HOST:PORT"
    )
    gateway_draws: bool = Field(
        default=True, description="whether it does; else the lab draws, and the gateway signs what it saw"
    )
    cache: Path | None = Field(
        default=None, description="what may be deleted at any time; default <work>/.cache"
    )

    code: bool = Field(default=True, description="whether students may run code of their own in the lab")
    code_seconds: Annotated[int, Field(ge=1, le=3600)] = 300
    code_memory_gib: Annotated[float, Field(gt=0, le=1024)] = Field(
        default=6, description="what a student's own code may take beside twice the model"
    )

    notebooks: bool = Field(
        default=False, description="whether JupyterLab is offered beside the lab; below a JupyterHub only"
    )

    @field_validator("prefix")
    @classmethod
    def _without_last_slash(cls, prefix: str) -> str:
        return prefix.rstrip("/")
