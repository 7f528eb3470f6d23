"""Settings of the exercises: where more assignments are, and the language of texts."""

from pathlib import Path

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from exercises.i18n import Language, nearest_language


class ExerciseSettings(BaseSettings):
    """`GENAI_EXERCISES_DIR`: a folder of further assignments; `GENAI_LANGUAGE`: en or fr.

    `GENAI_VARIANTS`: ids, by commas, of assignments whose variants are on; `GENAI_VARIANTS_KEY`: their key,
    instead of that in the assignment.
    """

    model_config = SettingsConfigDict(env_prefix="GENAI_", env_file=".env", extra="ignore")

    exercises_dir: Path | None = None
    language: Language | None = None
    variants: str = ""
    variants_key: str = ""

    @field_validator("language", mode="before")
    @classmethod
    def _nearest(cls, value: object) -> object:
        return nearest_language(value) if isinstance(value, str) else value
