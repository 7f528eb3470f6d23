"""An error in few words for the person; its details belong in the log."""

from exercises.errors import UserError
from exercises.i18n import Language


def error_text(error: Exception, language: Language) -> str:
    """A UserError's own words; of the system's errors what it calls them, without paths."""
    if isinstance(error, UserError):
        return error.in_language(language)
    strerror = getattr(error, "strerror", None)
    return str(strerror) if strerror else type(error).__name__
