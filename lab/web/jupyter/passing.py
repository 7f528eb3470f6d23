"""Passes what lies below `<prefix>jupyter/` on to JupyterLab, over HTTP and websockets, behind a gate.

What the gate let in gets JupyterLab's token on the way; cookies go neither way, so that nothing in a browser
opens JupyterLab but the lab's own login.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx2

from lab.web.jupyter.process import PATH, Jupyter
from lab.web.singleuser.answers import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ONE_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer",
     b"transfer-encoding", b"upgrade")
)  # fmt: skip
CLOSED = 1001  # going away
BROKEN = 1011


class JupyterBeside:
    """ASGI middleware. `at_work` is called at every message to or from a kernel: that is work."""

    def __init__(self, app: "ASGIApp", jupyter: Jupyter, prefix: str, at_work: Callable[[], None]) -> None:
        self.app, self._jupyter, self._at_work = app, jupyter, at_work
        self._prefix = prefix
        self._client: httpx2.AsyncClient | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self._until_the_end(scope, receive, send)
        elif not scope["path"].startswith(self._prefix + PATH):
            await self.app(scope, receive, send)
        elif not await self._jupyter.started():
            await self._not_started(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._websocket(scope, receive, send)

    async def _until_the_end(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            if self._client is not None:
                await self._client.aclose()
            await asyncio.to_thread(self._jupyter.close)

    async def _not_started(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.requests import HTTPConnection

        answer = refusal(HTTPConnection(scope), 503, "no_jupyter", {"open": self._prefix})
        await answer(scope, receive, send)

    def _address(self, scope: "Scope", scheme: str) -> str:
        """The path as JupyterLab knows it: names with accents in the prefix as the Hub writes them."""
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        rest = raw.split(b"/", self._prefix.count("/"))[-1].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return f"{scheme}://localhost{self._prefix}{rest}" + (f"?{query}" if query else "")

    def _headers(self, scope: "Scope", *left_out: bytes) -> list[tuple[bytes, bytes]]:
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name not in ONE_HOP and name not in (b"cookie", b"authorization", *left_out)
        ]
        return [*kept, (b"authorization", f"token {self._jupyter.token}".encode())]

    async def _http(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if self._client is None:
            transport = httpx2.AsyncHTTPTransport(uds=str(self._jupyter.socket))
            self._client = httpx2.AsyncClient(transport=transport, timeout=None, trust_env=False)
        has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        request = self._client.build_request(
            scope["method"],
            self._address(scope, "http"),
            headers=self._headers(scope),
            content=_body(receive) if has_body else None,
        )
        try:
            answer = await self._client.send(request, stream=True)
        except httpx2.TransportError:  # it ended in this moment; the next request starts it
            await self._not_started(scope, receive, send)
            return
        try:
            headers = [
                (name.lower(), value)
                for name, value in answer.headers.raw
                if name.lower() not in ONE_HOP and name.lower() != b"set-cookie"
            ]
            await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
            async for chunk in answer.aiter_raw():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    async def _websocket(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from websockets.asyncio.client import ClientConnection, unix_connect
        from websockets.exceptions import ConnectionClosed, WebSocketException
        from websockets.typing import Subprotocol

        await receive()  # the wish to connect
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in self._headers(scope, b"host", b"origin")
            if not name.startswith(b"sec-websocket-")
        ]
        wanted = [Subprotocol(name) for name in scope.get("subprotocols", ())]
        try:
            there: ClientConnection = await unix_connect(
                str(self._jupyter.socket),
                self._address(scope, "ws"),
                additional_headers=headers,
                subprotocols=wanted or None,
                max_size=None,
                proxy=None,
            )
        except (OSError, WebSocketException):
            await send({"type": "websocket.close", "code": BROKEN})
            return
        await send({"type": "websocket.accept", "subprotocol": there.subprotocol})

        async def outwards() -> None:
            while (message := await receive())["type"] == "websocket.receive":
                self._at_work()
                await there.send(message.get("text") or message.get("bytes") or b"")

        async def inwards() -> None:
            async for data in there:
                self._at_work()
                await send(_frame(data))

        tasks = [asyncio.ensure_future(outwards()), asyncio.ensure_future(inwards())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            with suppress(ConnectionClosed):
                await there.close()
            for task in tasks:
                with suppress(asyncio.CancelledError, ConnectionClosed):
                    await task
            with suppress(OSError, RuntimeError):  # the browser may have closed it
                await send({"type": "websocket.close", "code": there.close_code or CLOSED})


def _frame(data: str | bytes) -> "Message":
    kind = "text" if isinstance(data, str) else "bytes"
    return {"type": "websocket.send", kind: data}


async def _body(receive: "Receive") -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        yield message.get("body", b"")
        if not message.get("more_body"):
            return
