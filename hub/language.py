"""Which language the person at a request reads: the class's, if the hub has one, else their browser's."""

from tornado.web import RequestHandler

from exercises.i18n import Language, nearest_language
from exercises.settings import ExerciseSettings


def language_of(handler: RequestHandler | None) -> Language:
    """Of the person whose request this is; where nobody asked, English unless the class has a language."""
    accepted = handler.request.headers.get("Accept-Language") if handler else None
    return accepted_language(accepted)


def accepted_language(header: str | None) -> Language:
    """For what the browser says in `Accept-Language`."""
    return ExerciseSettings().language or nearest_language(header)
