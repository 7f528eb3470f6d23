"""HTTP to a provider: an answer's size is bounded while it arrives, and it comes from nowhere else.

No redirects are followed (a key would go along), nothing compressed is accepted (its size could not be
known), and each request has a connection of its own: over one that was kept open, a request can be lost
with nobody knowing whether it was received, and then nobody knows whether it was charged.
"""

from collections.abc import AsyncIterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    import httpx2

CONNECT_SECONDS = 10.0


class Unacceptable(Exception):
    """The answer is not read on; `variant` says why, as a key of the texts' `[provider.malformed_answer]`."""

    def __init__(self, variant: str) -> None:
        super().__init__(variant)
        self.variant = variant


@cache
def _trusted() -> "ssl.SSLContext":
    """Whom to trust, read once: each client would take a tenth of a second for it."""
    import httpx2

    return httpx2.create_ssl_context()


def bounded_client(max_bytes: int) -> "httpx2.AsyncClient":
    """A client whose answers have at most `max_bytes`; reading a longer one raises Unacceptable."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        def __init__(self, stream: httpx2.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            count = 0
            async for chunk in self._stream:
                count += len(chunk)
                if count > max_bytes:
                    raise Unacceptable("too_large")
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def bound(response: httpx2.Response) -> None:
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > max_bytes:
            raise Unacceptable("too_large")
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Unacceptable("compressed")
        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            response.stream = Bounded(stream)

    return httpx2.AsyncClient(
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [bound]},
        follow_redirects=False,
        limits=httpx2.Limits(max_keepalive_connections=0),
        verify=_trusted(),
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),  # the whole request has its own limit
    )
