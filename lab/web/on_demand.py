"""Pages that are built when they are first asked for: most students work on one assignment in one language.

An ASGI application that answers what no route does: `then` has what belongs to no page. Gradio keeps what it
builds in one context of the process, so one page is built at a time.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

_BUILDING = threading.Lock()


class PagesOnDemand:
    """`pages`: what builds the application of each path; it is asked with the path as it came."""

    def __init__(self, then: "ASGIApp", pages: Mapping[str, Callable[[], "FastAPI"]]) -> None:
        self._then = then
        self.pages = dict(sorted(pages.items(), reverse=True))  # `/en/tp2` before `/en`
        self._built: dict[str, asyncio.Task[FastAPI]] = {}
        self._alive: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        page = self._page(scope)
        if page is None:
            await self._then(scope, receive, send)
            return
        app = await self.built(page)
        await app(scope, receive, send)

    async def built(self, page: str) -> "FastAPI":
        """The application of a page, which is built now if it was not before."""
        if page not in self._built:
            self._built[page] = asyncio.create_task(self._open(page))
        try:
            return await asyncio.shield(self._built[page])
        except Exception:
            self._built.pop(page, None)  # the next one who asks tries again
            raise

    def _page(self, scope: "Scope") -> str | None:
        path: str = scope.get("path", "")
        return next((page for page in self.pages if path == page or path.startswith(f"{page}/")), None)

    async def _open(self, page: str) -> "FastAPI":
        """Build the page's application and begin its life, which lasts as long as this process serves."""
        app = await asyncio.to_thread(self._build, page)
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def live() -> None:
            try:
                async with app.router.lifespan_context(app):
                    begun.set_result(None)
                    await asyncio.Event().wait()
            except Exception as error:
                if begun.done():
                    raise
                begun.set_exception(error)

        self._alive.add(asyncio.create_task(live()))
        await begun
        return app

    def _build(self, page: str) -> "FastAPI":
        with _BUILDING:
            return self.pages[page]()
