"""Which settings of the instructor's a lab gets: those of this list and no others, whatever spawns it."""

import os
from pathlib import Path

from dotenv import dotenv_values

from hub.settings import HubSettings

PASSED_ON = (
    "GENAI_ACCESS_SECONDS",
    "GENAI_ASSIGNMENT",
    "GENAI_BUDGET_CLASS",
    "GENAI_BUDGET_DAY",
    "GENAI_BUDGET_STUDENT",
    "GENAI_BUNDLED_URL",
    "GENAI_CLASS",
    "GENAI_DEVICE",
    "GENAI_EXERCISES_DIR",
    "GENAI_LANGUAGE",
    "GENAI_LEDGER",
    "GENAI_MINI_WEIGHTS",
    "GENAI_MODEL",
    "GENAI_PROVIDERS",
)
PATHS = ("GENAI_EXERCISES_DIR", "GENAI_LEDGER", "GENAI_MINI_WEIGHTS", "GENAI_PROVIDERS")


def lab_settings() -> dict[str, str]:
    """From the environment, else from `.env` in the current folder; paths are absolute."""
    known = {**dotenv_values(".env"), **os.environ}
    chosen = {name: value for name in PASSED_ON if (value := known.get(name))}
    chosen |= {name: str(Path(value).resolve()) for name, value in chosen.items() if name in PATHS}
    idle = HubSettings().idle_seconds
    if idle:  # a lab where somebody works says so several times before it could be taken for idle
        chosen["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(min(60.0, idle / 4))
    return chosen
