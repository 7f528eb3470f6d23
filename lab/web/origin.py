"""Tells whether a request was made by a page of the lab or caused by another site.

The browser says so itself (`Sec-Fetch-Site`, over https and on the own machine), else by `Origin`,
which must then be the very address that the page was asked for at. Students whose labs share one
host name share an origin too: only a host name for each (`GENAI_HUB_SUBDOMAIN_HOST`) parts them.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

LOOPBACK = ("127.0.0.1", "localhost", "::1")  # where a server listens for this machine alone
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")  # what its own visitors call it
READING = ("GET", "HEAD", "OPTIONS")


def scheme(connection: "HTTPConnection", public_url: str) -> str:
    """`http` or `https`, as the browser sees it: the Hub knows, else the proxy says, else it is ours."""
    forwarded = connection.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    seen = urlsplit(public_url).scheme or forwarded or connection.scope["scheme"]
    return "https" if seen in ("https", "wss") else "http"


def is_cross_site(connection: "HTTPConnection", page_paths: Collection[str], public_url: str = "") -> bool:
    """Whether the request must be refused for where it comes from.

    What changes something must come from the lab itself, and show it. What only reads may also come
    without saying (a person typed the address), and a link of another site may lead to `page_paths`,
    the paths of the pages, in a tab of their own.
    """
    headers, path = connection.headers, connection.scope["path"]
    own = _own(connection, public_url)
    if connection.scope.get("method") not in READING:  # a websocket has none, and may do anything
        return own is not True
    if own is not False or headers.get("sec-fetch-site") == "none":
        return False
    opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (opened and connection.scope["method"] == "GET" and path in page_paths)


def _own(connection: "HTTPConnection", public_url: str) -> bool | None:
    """Whether the lab's own page made the request; None where the browser does not say."""
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is None:
        return None
    host = urlsplit(public_url).netloc or connection.headers.get("host", "")
    return origin == f"{scheme(connection, public_url)}://{host}"
