"""A page says which language it speaks, from its first byte: to screen readers, and to Gradio's own labels.

Gradio serves one template, in English, whose scripts then ask the browser for its language. This
middleware writes the page's language into the template, and answers in the browser's place.
"""

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LocalizedPages:
    """ASGI middleware. `pages`: the path of each page, and its language."""

    def __init__(self, app: "ASGIApp", pages: dict[str, str]) -> None:
        self.app = app
        self.pages = pages

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        language = self.pages.get(scope["path"]) if scope["type"] == "http" else None
        if language is None or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        uncompressed = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message | None = None
        body = b""

        async def collect(message: "Message") -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body") or start is None:
                return
            page = localize(body, language)
            headers = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            await send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
            await send({"type": "http.response.body", "body": page})

        await self.app({**scope, "headers": uncompressed}, receive, collect)


def localize(page: bytes, language: str) -> bytes:
    """Gradio's template in that language; anything else as it is."""
    static = files("lab").joinpath("static")
    script = static.joinpath("page.js").read_text(encoding="utf-8").replace("LANGUAGE", language)
    icon = static.joinpath("icon.html").read_text(encoding="utf-8")
    page = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
    return page.replace(b"<head>", f"<head><script>{script}</script>{icon}".encode(), 1)
