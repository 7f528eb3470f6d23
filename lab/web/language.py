"""Which language a visitor reads: their choice, else the lab's setting, else their browser's."""

from typing import Any

from exercises.i18n import LANGUAGES, Language, nearest_language
from exercises.settings import ExerciseSettings

COOKIE = "genai_lab_language"


def visitor_language(cookies: Any, headers: Any) -> Language:
    """Their choice, else the setting's, else their browser's."""
    for language in LANGUAGES:
        if cookies.get(COOKIE) == language:
            return language
    return ExerciseSettings().language or nearest_language(headers.get("accept-language"))
