"""An error in few words for the person; its details belong in the log."""

from exercises.errors import SystemReason, UserError
from exercises.i18n import Language


def error_text(error: Exception, language: Language) -> str:
    """A UserError's own words; of the system's errors what it calls them, without paths."""
    if isinstance(error, OSError):
        error = SystemReason(error)
    return error.in_language(language) if isinstance(error, UserError) else type(error).__name__
