"""ASGI middleware: who has the secret that was printed at the start may enter, and no other page may act.

The address that is printed holds the secret; it becomes a cookie, and leaves the address bar. What changes
something must come from a page of the desk itself: the browser says so (`Sec-Fetch-Site`, else `Origin`), and
each form holds a word that only the desk's pages have. Whom a gate before this one let in (`visitor`) needs
no secret; the rest holds for them too.
"""

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exercises.i18n import nearest_language, translator
from grading.desk.visitor import visitor_of

READING = ("GET", "HEAD")
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class DeskGate:
    """`token` is the secret; an empty one is refused."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        if not token:
            raise ValueError("a desk needs a token")
        self._app, self._token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    present.setdefault(name, value)
            await send(message)

        answer = self._answer(scope)
        await (answer or self._app)(scope, receive, add)

    def _answer(self, scope: Scope) -> Response | None:
        """The answer to somebody who may not enter, or who comes with the secret; None for all others."""
        headers = Headers(scope=scope)
        if visitor_of(scope) is not None:
            return self._elsewhere(scope, headers)
        cookie = cookie_name(scope)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] in READING and self._fits(given):
            answer = RedirectResponse(scope["path"], 303)
            path = f"{scope.get('root_path', '')}/"
            answer.set_cookie(cookie, self._token, httponly=True, samesite="strict", path=path)
            return answer
        if not self._fits(_cookie(headers, cookie)):
            return PlainTextResponse(_said(headers, "desk.no_token"), 403)
        return self._elsewhere(scope, headers)

    def _elsewhere(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["method"] not in READING and not _from_here(headers):
            return PlainTextResponse(_said(headers, "desk.elsewhere"), 403)
        return None

    def _fits(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode())


def form_word(token: str, name: str = "") -> str:
    """What each form holds, and no page of another origin can know; another one for each visitor."""
    return hmac.digest(token.encode(), f"forms{name}".encode(), hashlib.sha256).hex()


def cookie_name(scope: Scope) -> str:
    """Cookies do not tell ports apart, so the name does: two desks do not lock each other out."""
    server = scope.get("server") or ("", 0)
    return f"genai_desk_{server[1]}"


def _from_here(headers: Headers) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _said(headers: Headers, key: str) -> str:
    return translator("grading", nearest_language(headers.get("accept-language")))(key)
