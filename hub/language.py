"""Which language a person at the hub reads: the class's language if it is set, else their browser's."""

from tornado.web import RequestHandler

from exercises.i18n import Language, nearest_language
from exercises.settings import ExerciseSettings


def language_of(handler: RequestHandler | None) -> Language:
    """Return the language of the person who sent a request. Without a request and a setting it is English."""
    header = handler.request.headers.get("Accept-Language") if handler else None
    return language_from_header(header)


def language_from_header(header: str | None) -> Language:
    """Return the language for the content of an `Accept-Language` header."""
    return ExerciseSettings().language or nearest_language(header)
