"""The answers that the gate itself gives: a page for people, JSON for programs, in the reader's language."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from exercises.i18n import Language, translator
from lab.web.language import visitor_language
from lab.web.templating import render

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address of a login that failed is nobody else's business
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def is_page(connection: "HTTPConnection") -> bool:
    """Whether a person opens a page, rather than a page or a program asking for something."""
    return (
        connection.scope.get("method") == "GET"
        and "text/html" in connection.headers.get("accept", "")
        and connection.headers.get("sec-fetch-mode", "navigate") == "navigate"
    )


def refusal(
    connection: "HTTPConnection",
    status: int,
    key: str,
    links: Mapping[str, str],
    press: Mapping[str, str] | None = None,
    **values: object,
) -> "Response":
    """An answer that says `hub.<key>` of the catalogue; `links` are keys of their words, and where to.

    `press` are buttons that send something to the lab itself.
    """
    from starlette.responses import HTMLResponse, JSONResponse

    language: Language = visitor_language(connection.cookies, connection.headers)
    t = translator("lab", language)
    words = t(f"hub.{key}", **values)
    if not is_page(connection):
        return JSONResponse({"detail": words}, status, HEADERS)
    page = render(
        "gate.html.j2",
        language,
        title=t(f"hub.{key}_title", **values),
        words=words,
        links={t(f"hub.{name}"): address for name, address in links.items()},
        press={t(f"hub.{name}", **values): address for name, address in (press or {}).items()},
    )
    # What is pressed has to show that it comes from here.
    return HTMLResponse(page, status, HEADERS | ({"Referrer-Policy": "same-origin"} if press else {}))
