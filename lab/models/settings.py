"""Settings of the engine: which device it uses, where `mini` lies, and the key for gated weights."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ModelSettings(BaseSettings):
    """`GENAI_DEVICE`: auto, cpu or cuda; `GENAI_MINI_WEIGHTS`: another folder for the bundled model
    and its judge.

    `HF_TOKEN`: a Hugging Face access token, read only by `genai-lab models pull`.
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_", env_file=".env", extra="ignore")

    device: Literal["auto", "cpu", "cuda"] = "auto"
    mini_weights: Path = Path(__file__).resolve().parent / "mini" / "weights"
    hf_token: SecretStr | None = Field(default=None, validation_alias=AliasChoices("HF_TOKEN"))
