"""Which of the instructor's settings reach a lab: those of one list and no others, for every spawner."""

import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dotenv import dotenv_values

from hub.settings import HubSettings

PASSED_ON = (
    "COMFYUI_API_URL",
    "FLUX_API_URL",
    "GENAI_ACCESS_SECONDS",
    "GENAI_ASSIGNMENT",
    "GENAI_BUDGET_CLASS",
    "GENAI_BUDGET_DAY",
    "GENAI_BUDGET_STUDENT",
    "GENAI_BUNDLED_URL",
    "GENAI_CLASS",
    "GENAI_CODE",
    "GENAI_CODE_MEMORY_GIB",
    "GENAI_CODE_SECONDS",
    "GENAI_DEVICE",
    "GENAI_EXERCISES_DIR",
    "GENAI_GATEWAY_DRAWS",
    "GENAI_LANGUAGE",
    "GENAI_LEDGER",
    "GENAI_MINI_WEIGHTS",
    "GENAI_MODEL",
    "GENAI_NOTEBOOKS",
    "GENAI_PROVIDERS",
    "GENAI_VARIANTS",
    "GENAI_VARIANTS_KEY",
    "STABLE_DIFFUSION_URL",
)
WITHOUT_LOGIN = ("STABLE_DIFFUSION_URL",)  # addresses in which a password may stand
PATHS = ("GENAI_EXERCISES_DIR", "GENAI_LEDGER", "GENAI_MINI_WEIGHTS", "GENAI_PROVIDERS")


def lab_settings() -> dict[str, str]:
    """Return the variables to pass on, from the environment or else from `.env`; paths become absolute."""
    settings = passed_on(PASSED_ON)
    settings |= {name: str(Path(value).resolve()) for name, value in settings.items() if name in PATHS}
    settings |= {name: without_login(value) for name, value in settings.items() if name in WITHOUT_LOGIN}
    idle_seconds = HubSettings().idle_seconds
    if idle_seconds:
        # A lab in use must report its activity several times before the culler could take it for idle.
        settings["JUPYTERHUB_ACTIVITY_INTERVAL"] = str(min(60.0, idle_seconds / 4))
    return settings


def without_login(address: str) -> str:
    """The address without the `user:password@` that may stand in it: no lab gets a password."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def passed_on(names: Iterable[str]) -> dict[str, str]:
    """Those of these variables that are set, in the environment or else in `.env`."""
    known = {**dotenv_values(".env"), **os.environ}
    return {name: value for name in names if (value := known.get(name))}
