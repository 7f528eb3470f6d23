"""What only an instructor may ask: the class's state, its metrics, and to pause, drain or stop.

`GET /class`, `POST /class/pause|resume|drain`, `DELETE /class/drawings/{student}/{key}`, `GET /metrics`.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response

from gateway.class_watch import ClassState, ClassWatch
from gateway.drawings import Drawings
from gateway.gate import person_of
from lab.endpoint.errors import ApiError


def only_instructors(request: Request) -> None:
    """Raises ApiError 403 for all others."""
    if not person_of(request).teaches:
        raise ApiError(403, "not_instructor")


def router(drawings: Drawings, watch: ClassWatch, budget_used: Callable[[], float]) -> APIRouter:
    """The routes. `budget_used`: how much of the class's budget, 1 is all."""
    routes = APIRouter(dependencies=[Depends(only_instructors)])

    @routes.get("/class")
    def state() -> ClassState:
        """Who waits and for how long, what runs, how fast, what failed."""
        return watch.state(drawings)

    @routes.post("/class/{action}")
    def act(action: Literal["pause", "resume", "drain"]) -> ClassState:
        """Pause: begin nothing more. Drain: take nothing new, finish the line. Resume: end both."""
        drawings.engine.pause(action == "pause")
        drawings.draining = action == "drain"
        return watch.state(drawings)

    @routes.delete("/class/drawings/{student}/{key}", status_code=204)
    def stop(
        student: Annotated[str, Path(max_length=255)], key: Annotated[str, Path(max_length=64)]
    ) -> Response:
        """Stop one picture of somebody's."""
        if not drawings.stop(student, key):
            raise ApiError(404, "no_drawing")
        return Response(status_code=204)

    @routes.get("/metrics")
    def metrics() -> Response:
        """For Prometheus."""
        return Response(
            watch.metrics(drawings, budget_used()), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return routes
