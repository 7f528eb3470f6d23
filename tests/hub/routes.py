"""Every route of an application, found in the application itself: a new one is in the list by itself."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from fastapi.routing import iter_route_contexts
from starlette import routing

# What every route is asked with: those it knows and those it does not.
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
# In the place of a parameter: a value of any kind, but for Gradio's which want a certain one
VALUES = {"language": "en", "path": "x.js", "size": "192", "ext": "ts"}


@dataclass(frozen=True)
class Route:
    """One route: its path as it can be asked for, the methods it answers, what it is."""

    path: str
    methods: tuple[str, ...]
    kind: Literal["http", "websocket"]


def everything(app: Any, prefix: str = "") -> list[Route]:
    """All routes of an ASGI application made with FastAPI or Starlette, those of mounted ones included."""
    found: list[Route] = []
    for context in iter_route_contexts(app.routes):
        route: Any = getattr(context, "original_route", context)
        path = prefix + (getattr(context, "path", "") or getattr(route, "path", ""))
        if isinstance(route, routing.Mount):
            found += everything(route.app, path) if hasattr(route.app, "routes") else [_any(f"{path}/x")]
        elif isinstance(route, routing.Route):
            methods = tuple(sorted(getattr(context, "methods", None) or route.methods or METHODS))
            found.append(Route(_filled(path), methods, "http"))
        elif isinstance(route, routing.WebSocketRoute):
            found.append(Route(_filled(path), ("GET",), "websocket"))
        else:
            raise AssertionError(f"a kind of route nobody looks at: {route!r}")
    return found


def _any(path: str) -> Route:
    """Something mounted that does not say what it answers."""
    return Route(_filled(path), METHODS, "http")


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: VALUES.get(match.group(1), "1"), path)
