"""HTTP to a server that draws: what it answers is bounded in size and in time while it arrives.

Rule: a server that sends for ever, or one byte at a time, costs no more than its seconds; no redirect is
followed, for a token or a password would go along.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx2

CONNECT = 5.0  # seconds
SILENCE = 15.0  # seconds between two pieces of an answer
SECONDS = 30.0  # of a whole answer
Trace = Callable[[str, Mapping[str, Any]], None]

MOST_JSON = 4 * 2**20  # bytes
MOST_PICTURE = 32 * 2**20


class NoAnswer(Exception):
    """The server cannot be reached, or its answer broke off, took too long or cannot be read."""


class TooSlow(NoAnswer):
    """It did not end within its seconds."""


class TooLarge(NoAnswer):
    """It has more bytes than are taken."""


class NotJson(NoAnswer):
    """It is no JSON where JSON was expected."""


class Refusal(Exception):
    """The server answered, with another status than 200."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(status))
        self.status, self.body = status, body


class Connection:
    """One server. `headers` go with every request. Any thread may call."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url, self.headers = url.rstrip("/"), dict(headers)

    @property
    def address(self) -> str:
        """Scheme, host and port, as a record holds them."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def get_json(
        self, path: str, params: Mapping[str, str] | None = None, seconds: float | None = None
    ) -> Any:
        """Raises NoAnswer, Refusal."""
        return _read_json(self._ask("GET", path, MOST_JSON, seconds, params=params))

    def get_bytes(self, path: str, params: Mapping[str, str]) -> bytes:
        """Raises NoAnswer, Refusal."""
        return self._ask("GET", path, MOST_PICTURE, params=params)

    def post(self, path: str, value: object, seconds: float | None = None, most: int = MOST_JSON) -> Any:
        """Send JSON; what comes back, None where it is nothing. Raises NoAnswer, Refusal.

        `seconds`: how long the answer may take, where it is not the usual time.
        """
        body = self._ask("POST", path, most, seconds, json=value)
        return _read_json(body) if body else None

    def upload(self, path: str, name: str, data: bytes, fields: Mapping[str, str]) -> Any:
        """Send a picture in a form. Raises NoAnswer, Refusal."""
        files = {"image": (name, data, "image/png")}
        return _read_json(self._ask("POST", path, MOST_JSON, data=fields, files=files))

    def _ask(
        self, method: str, path: str, most: int, seconds: float | None = None, **arguments: Any
    ) -> bytes:
        import httpx2

        limit = SECONDS if seconds is None else seconds
        if seconds is not None:
            arguments["timeout"] = httpx2.Timeout(seconds, connect=CONNECT)
        body, is_over = bytearray(), _never
        try:
            with (
                _limited(limit) as (trace, is_over),
                self._client.stream(
                    method, self.url + path, extensions={"trace": trace}, **arguments
                ) as answer,
            ):
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > most:
                        raise TooLarge("the answer is too large")
                if is_over():
                    raise TooSlow("the answer takes too long")
                if answer.status_code != 200:
                    raise Refusal(answer.status_code, _any_json(bytes(body)))
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
            raise TooSlow(type(error).__name__) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise (TooSlow if is_over() else NoAnswer)(type(error).__name__) from error
        return bytes(body)

    @cached_property
    def _client(self) -> "httpx2.Client":
        import httpx2

        return httpx2.Client(
            headers={**self.headers, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(SILENCE, connect=CONNECT),
            follow_redirects=False,
            limits=httpx2.Limits(max_keepalive_connections=0),  # a connection each, which `_limited` may end
            trust_env=False,  # no proxy of the environment lies before it
        )


def _never() -> bool:
    return False


@contextmanager
def _limited(seconds: float) -> Iterator[tuple[Trace, Callable[[], bool]]]:
    """Ends the connection of a request after so many seconds, wherever the request is then.

    The client's own limits are for one read each: headers could come a byte at a time for ever. What is
    yielded has to be the request's trace, and says whether the time was over.
    """
    opened: list[socket.socket] = []
    over = threading.Event()

    def trace(event: str, info: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            opened.append(info["return_value"].get_extra_info("socket"))

    def end() -> None:
        over.set()
        for each in opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield trace, over.is_set
    finally:
        timer.cancel()


def _read_json(body: bytes) -> Any:
    try:
        return loose_json(body)
    except (ValueError, RecursionError) as error:
        raise NotJson("the answer is no JSON") from error


def _any_json(body: bytes) -> Any:
    try:
        return loose_json(body)
    except (ValueError, RecursionError):
        return None


def loose_json(data: str | bytes) -> Any:
    """JSON as ComfyUI writes it, NaN and all; half a character, which no text can hold, becomes `?`.

    Raises ValueError, RecursionError.
    """
    value = json.loads(data)
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
