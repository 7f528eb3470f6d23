"""A fake Hub with labs, whose answers a test chooses, over real HTTP on this machine."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class FakeRequest:
    """One request that was received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    wfile: Any
    handler: BaseHTTPRequestHandler

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def answer(self, status: int, body: Any = b"", **headers: str) -> None:
        """Send a whole answer. A body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        self.begin(status, **({"Content-Type": kind, "Content-Length": str(len(data))} | _names(headers)))
        self.wfile.write(data)

    def begin(self, status: int, **headers: str) -> None:
        """Send status and headers. The test writes the body to `wfile`."""
        self.handler.send_response(status)
        for name, value in _names(headers).items():
            self.handler.send_header(name, value)
        self.handler.end_headers()


Reply = Callable[[FakeRequest], None]


@dataclass
class FakeHub:
    """Answers with `replies`, by method and path, or else 404. `requests` holds all that were received."""

    url: str = ""
    replies: dict[tuple[str, str], Reply] = field(default_factory=dict)
    requests: list[FakeRequest] = field(default_factory=list)

    def on(self, method: str, path: str, *replies: Reply | Any) -> None:
        """Set the replies, used in order; the last one is repeated. Other values are sent as JSON."""
        queue = list(replies)

        def reply(request: FakeRequest) -> None:
            each = queue.pop(0) if len(queue) > 1 else queue[0]
            if callable(each):
                each(request)
            else:
                request.answer(200, each)

        self.replies[method, path] = reply

    def api(self, method: str, path: str, *replies: Reply | Any) -> None:
        """Set the replies for a path of the Hub's REST API."""
        self.on(method, f"/hub/api/{path}", *replies)

    def paths(self, method: str) -> list[str]:
        return [each.path for each in self.requests if each.method == method]


def status(code: int, message: str = "", **headers: str) -> Reply:
    """Reply with an error in the Hub's form."""
    return lambda request: request.answer(code, {"status": code, "message": message}, **headers)


def pages(items: list[Any], total: int) -> Reply:
    """Reply with the Hub's list of `items`, in pages of at most `total`."""

    def reply(request: FakeRequest) -> None:
        offset, limit = int(request.query["offset"]), min(total, int(request.query["limit"]))
        beyond = offset + limit
        following = {"offset": beyond, "limit": limit} if beyond < len(items) else None
        request.answer(200, {"items": items[offset:beyond], "_pagination": {"next": following}})

    return reply


def events(*sent: dict[str, Any]) -> Reply:
    """Reply with the Hub's progress stream."""

    def reply(request: FakeRequest) -> None:
        request.begin(200, **{"Content-Type": "text/event-stream", "Connection": "close"})
        for event in sent:
            request.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

    return reply


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """Start a fake Hub, which knows only the token's owner until the test sets more replies."""
    hub = FakeHub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = FakeRequest(self.command, parts.path, query, headers, body, self.wfile, self)
            with lock:
                hub.requests.append(request)
            try:
                hub.replies.get((self.command, parts.path), status(404, "Not Found"))(request)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _reply

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    hub.api("GET", "user", {"name": "cohort", "kind": "service"})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
