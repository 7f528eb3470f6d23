"""Lists all routes of an application by inspecting it, so that new routes are included.

Of the pages that a lab builds on demand those of its own assignment stand for all: they are built alike.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

from fastapi.routing import iter_route_contexts
from starlette import routing

from exercises.i18n import LANGUAGES
from lab.web.on_demand import PagesOnDemand

# Every route is requested with each of these methods, also with those it does not support.
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# Values for parameters in paths. Gradio's parameters accept only certain values.
VALUES = {"language": "en", "path": "x.js", "size": "192", "ext": "ts"}


@dataclass(frozen=True)
class Route:
    """One route: a path that can be requested, the methods it supports, and its kind."""

    path: str
    methods: tuple[str, ...]
    kind: Literal["http", "websocket"]


def all_routes(app: Any, prefix: str = "") -> list[Route]:
    """Return all routes of a FastAPI or Starlette application, including mounted ones."""
    found: list[Route] = []
    for context in iter_route_contexts(app.routes):
        route: Any = getattr(context, "original_route", context)
        path = prefix + (getattr(context, "path", "") or getattr(route, "path", ""))
        if isinstance(route, routing.Mount):
            found += all_routes(route.app, path) if hasattr(route.app, "routes") else [_any(f"{path}/x")]
        elif isinstance(route, routing.Route):
            methods = tuple(sorted(getattr(context, "methods", None) or route.methods or METHODS))
            found.append(Route(_filled(path), methods, "http"))
        elif isinstance(route, routing.WebSocketRoute):
            found.append(Route(_filled(path), ("GET",), "websocket"))
        else:
            raise AssertionError(f"a kind of route nobody looks at: {route!r}")
    on_demand = getattr(getattr(app, "router", None), "default", None)
    if isinstance(on_demand, PagesOnDemand):
        for page, build in on_demand.pages.items():
            if page.rpartition("/")[2] in LANGUAGES:
                found += all_routes(build(), prefix)
    return found


def _any(path: str) -> Route:
    """Return a route for a mounted application whose routes are unknown."""
    return Route(_filled(path), METHODS, "http")


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: VALUES.get(match.group(1), "1"), path)
