"""HTTP to a server that draws: what it answers is bounded in size and in time while it arrives.

Rule: a server that sends for ever, or one byte at a time, costs no more than its seconds; no redirect is
followed, for a token or a password would go along.
"""

import json
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx2

CONNECT = 5.0  # seconds
SILENCE = 15.0  # seconds between two pieces of an answer
SECONDS = 30.0  # of a whole answer
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

        until, body = time.monotonic() + (seconds or SECONDS), bytearray()
        if seconds is not None:
            arguments["timeout"] = httpx2.Timeout(seconds, connect=CONNECT)
        try:
            with self._client.stream(method, self.url + path, **arguments) as answer:
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > most:
                        raise TooLarge("the answer is too large")
                    if time.monotonic() > until:
                        raise TooSlow("the answer takes too long")
                if answer.status_code != 200:
                    raise Refusal(answer.status_code, _any_json(bytes(body)))
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
            raise TooSlow(type(error).__name__) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NoAnswer(type(error).__name__) from error
        return bytes(body)

    @cached_property
    def _client(self) -> "httpx2.Client":
        import httpx2

        return httpx2.Client(
            headers={**self.headers, "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(SILENCE, connect=CONNECT),
            follow_redirects=False,
            trust_env=False,  # no proxy of the environment lies before it
        )


def _read_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotJson("the answer is no JSON") from error


def _any_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
