"""Settings of the calls to providers: who they are, what may be spent, what is remembered."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Budget = Annotated[Decimal, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class ProviderSettings(BaseSettings):
    """`GENAI_PROVIDERS`: an instructor's own file; `GENAI_BUDGET_STUDENT`, `_CLASS`, `_DAY`: limits.

    Budgets are in the unit of the file's currency; None is no limit. `GENAI_BUDGET_DAY` is for one
    student and day. `GENAI_CLASS` names the class in a ledger that several share, `GENAI_LEDGER` is
    its file; `GENAI_ANSWERS` is the folder of the cache, `GENAI_ANSWERS_MIB` its size (0: no cache).
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_", env_file=".env", extra="ignore")

    providers: Path | None = None
    budget_student: Budget | None = None
    budget_class: Budget | None = None
    budget_day: Budget | None = None
    class_: Annotated[str, Field(alias="GENAI_CLASS", min_length=1, max_length=200)] = "class"
    ledger: Path | None = Field(default=None, description="default <work>/ledger.sqlite")
    answers: Path | None = Field(default=None, description="default <work>/.cache/answers")
    answers_mib: Annotated[int, Field(ge=0, le=1_000_000)] = 512
