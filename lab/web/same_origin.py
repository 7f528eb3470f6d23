"""ASGI middleware that refuses a request which a page of another site made the browser send.

A request of a browser says where it comes from; one that another site caused is refused, whatever it wants.
A program that is no browser says nothing, and is let in: on a laptop the lab listens to the own machine only,
and below JupyterHub its gate stands before this.
"""

from typing import TYPE_CHECKING

from lab.endpoint.errors import ApiError, language_in, worded
from lab.web.origin import is_cross_site

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class SameOrigin:
    """`public_url`: where browsers see the lab, if a proxy hides it."""

    def __init__(self, app: "ASGIApp", public_url: str = "") -> None:
        self.app = app
        self.public_url = public_url

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.requests import HTTPConnection

        if scope["type"] == "http":
            connection = HTTPConnection(scope)
            said = "origin" in connection.headers or "sec-fetch-site" in connection.headers
            page_paths = [f"{scope.get('root_path', '')}/"]  # the page, which a link may lead to
            if said and is_cross_site(connection, page_paths, self.public_url):
                await worded(ApiError(403, "elsewhere"), language_in(scope))(scope, receive, send)
                return
        await self.app(scope, receive, send)
