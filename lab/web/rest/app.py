"""The lab's API as an application, to be mounted at `<prefix>/api/v1`, behind whatever stands before the lab.

`<prefix>/api` itself belongs to the Hub, which asks there whether the lab is up.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from exercises.i18n import translator
from lab.endpoint.bounded_body import BoundedBody
from lab.endpoint.errors import ErrorAnswer, install, language_of, too_large
from lab.endpoint.limits import EndpointLimits
from lab.models.offered import models
from lab.session.lab import Lab
from lab.web.rest import generations, images
from lab.web.rest.page import api_page
from lab.web.rest.shapes import ERROR_STATUSES, Models, model_facts
from lab.web.same_origin import SameOrigin

ERRORS: dict[int | str, dict[str, Any]] = {status: {"model": ErrorAnswer} for status in ERROR_STATUSES}
PATH = "/api/v1"


def build_rest(lab: Lab, limits: EndpointLimits | None = None, public_url: str = "") -> FastAPI:
    """The application of one lab. `public_url`: where browsers see the lab, if a proxy hides it."""
    limits = limits or EndpointLimits()
    app = FastAPI(
        title="GenAI Lab",
        version="1",
        docs_url=None,
        redoc_url=None,
        responses=ERRORS,
        generate_unique_id_function=_name,
    )
    install(app, invalid_status=422)
    app.add_middleware(BoundedBody, most=limits.body_bytes, refuse=too_large(limits.body_bytes))
    app.add_middleware(SameOrigin, public_url=public_url)
    app.include_router(generations.router(lab, limits))
    app.include_router(images.router(lab))

    @app.get("/models")
    def list_models(request: Request) -> Models:
        language = language_of(request)
        return Models(models=[model_facts(entry, language) for entry in models().values()])

    @app.get("/", include_in_schema=False)
    def page(request: Request) -> HTMLResponse:
        return HTMLResponse(api_page(app.openapi(), language_of(request)))

    for methods in app.openapi()["paths"].values():  # FastAPI keeps what it made once
        for operation in methods.values():
            operation["summary"] = translator("lab", "en")(f"rest.{operation['operationId']}")
    return app


def _name(route: APIRoute) -> str:
    return route.name
