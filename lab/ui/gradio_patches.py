"""Everything that relies on Gradio's internals, in one place: what for, and when it can go.

`pyproject.toml` holds Gradio to the minor version these were tested with (`~=`), so that a new one is
looked at before it is used.

- `import_gradio` and `without_stub_files`: Gradio parses the source of each component to keep a stub file
  (`.pyi`) beside it, a second of a processor at every start (gradio-app/gradio issues 7791 and 10121).
  They can go when Gradio writes those files at build time. It also imports the agents' protocol wherever it
  is installed, almost another second, though it serves it only where asked to.
- `AcceptAfterClose`: an event sent while the page's event stream is being closed is never answered (no
  upstream issue is known; pull request 7926 cured a relative of it). It can go when
  `tests/browser/test_streams.py` is green without it.
- `LocalizedPages`: Gradio's template says `lang="en"` whatever the page's language is, and its scripts ask
  the browser which language to speak. It can go when `mount_gradio_app` takes a language.
"""

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.resources import files
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STUB_MODULE = "gradio.component_meta"
STUB_WRITER = "create_or_modify_pyi"
AGENTS = "mcp"  # `lab.web.agent_door` imports it with the first request for it
SCRIPTS = ("page.js", "dropped.js", "drafts.js", "masks.js")  # the page's own, in this order
STREAM_CLOSE_SECONDS = 1.0  # within which a page, even on a busy machine, has read that its stream was closed


def import_gradio() -> None:
    """Import Gradio, if it is not there yet, without its stub writer and the agents' protocol: half its time.

    Labs of a whole class start at once; nothing at run time reads those files. A Gradio that writes none
    is imported as it is.
    """
    if "gradio" in sys.modules:
        return
    finder = _WithoutStubs()
    sys.meta_path.insert(0, finder)
    hidden = AGENTS not in sys.modules
    if hidden:
        sys.modules[AGENTS] = None  # type: ignore[assignment]  # as where it is not installed
    try:
        import gradio  # noqa: F401
    finally:
        sys.meta_path.remove(finder)
        if hidden:
            del sys.modules[AGENTS]


@contextmanager
def without_stub_files() -> Iterator[None]:
    """Components that are defined in here get no stub file beside their module."""
    from gradio import component_meta

    write_stub, component_meta.create_or_modify_pyi = component_meta.create_or_modify_pyi, lambda *_: None
    try:
        yield
    finally:
        component_meta.create_or_modify_pyi = write_stub


class _WithoutStubs(MetaPathFinder):
    """Finds the one module, as everybody else does, and takes the stub writer out once it is loaded."""

    _looking = False

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != STUB_MODULE or self._looking:
            return None
        self._looking = True
        spec = find_spec(name)
        loader = spec.loader if spec else None
        if spec is None or loader is None:
            return spec
        load = loader.exec_module

        def load_without(module: ModuleType) -> None:
            load(module)
            if hasattr(module, STUB_WRITER):
                setattr(module, STUB_WRITER, lambda *_: None)

        loader.exec_module = load_without  # type: ignore[method-assign]
        return spec


class AcceptAfterClose:
    """ASGI middleware against a race in Gradio 6.31 that would leave a page waiting for ever.

    The server closes a page's event stream (`/queue/data`) as soon as none of its events is pending. An event
    that the page sends in that very moment is accepted (`/queue/join`) while the page still believes in the
    old stream: it opens no new one, and never hears what became of the event. So the acceptance is held back
    until the page has seen the close, and opens a stream again.
    """

    def __init__(self, app: "ASGIApp", close_seconds: float = STREAM_CLOSE_SECONDS) -> None:
        self.app = app
        self.close_seconds = close_seconds
        self._closed = float("-inf")  # when a stream was last closed, of whichever page

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        path: str = scope.get("path", "")

        async def watch(message: "Message") -> None:
            if b'"close_stream"' in message.get("body", b""):
                self._closed = time.monotonic()
            await send(message)

        async def hold(message: "Message") -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(max(0.0, self._closed + self.close_seconds - time.monotonic()))
            await send(message)

        if path.endswith("/queue/data"):
            await self.app(scope, receive, watch)
        elif path.endswith("/queue/join"):
            await self.app(scope, receive, hold)
        else:
            await self.app(scope, receive, send)


class LocalizedPages:
    """ASGI middleware: a page says which language it speaks, from its first byte.

    Screen readers need it, and so do Gradio's own labels: this writes the page's language into Gradio's
    template, and answers in the browser's place. `pages`: the path of each page, and its language.
    """

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


_MANIFEST_LINK = re.compile(rb'<link rel="manifest"[^>]*>')


def localize(page: bytes, language: str) -> bytes:
    """Gradio's template in that language; anything else as it is.

    Its link to a web app's manifest is left out: it names a file at the server's root, which below a Hub
    is the Hub's, and the lab is no app to be installed.
    """
    static = files("lab.ui").joinpath("static")
    scripts = (static.joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = "\n".join(scripts).replace("LANGUAGE", language)
    icon = static.joinpath("icon.html").read_text(encoding="utf-8")
    page = _MANIFEST_LINK.sub(b"", page)
    page = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
    return page.replace(b"<head>", f"<head><script>{script}</script>{icon}".encode(), 1)
