"""The endpoint as an application: an OpenAI-compatible server on the engine and the analyser.

Every route asks for the bearer token, the OpenAPI description too. Nothing is kept between two requests.
No answer has headers of CORS: the token belongs into programs, and pages of other sites get nothing.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from lab.endpoint import chat, images, responses
from lab.endpoint.asking import Analyser
from lab.endpoint.bounded_body import BoundedBody
from lab.endpoint.drawing import Drawing
from lab.endpoint.elsewhere import Elsewhere, Nowhere
from lab.endpoint.errors import ApiError, ErrorAnswer, install, too_large
from lab.endpoint.gate import TokenGate
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.models import model_list
from lab.engine.protocol import Engine

ERRORS = {status: {"model": ErrorAnswer} for status in (400, 401, 404, 413, 429, 500, 503, "default")}


def build_endpoint(
    engine: Engine,
    token: str,
    limits: EndpointLimits | None = None,
    *,
    closing: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application, ready for a server; `closing` is called when that server stops.

    Raises ValueError for an empty token: there is no open endpoint.
    """
    if not token:
        raise ValueError("an endpoint needs a token")
    limits = limits or EndpointLimits()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        closing()

    app = FastAPI(
        title="GenAI Lab endpoint",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        dependencies=[Depends(HTTPBearer(auto_error=False))],  # for the description: the gate asks
        responses=ERRORS,  # type: ignore[arg-type]
    )
    install(app, invalid_status=400)  # as OpenAI does: clients catch BadRequestError
    app.add_middleware(BoundedBody, most=limits.body_bytes, refuse=too_large(limits.body_bytes))
    app.add_middleware(TokenGate, token=token, limits=limits)
    drawing = Drawing(engine, limits)
    add_routes(app, lambda _: drawing, limits)
    return app


def add_routes(
    app: FastAPI,
    drawing_of: Callable[[Request], Drawing],
    limits: EndpointLimits,
    elsewhere: Elsewhere | None = None,
) -> None:
    """OpenAI's routes. `drawing_of`: who draws for the one who asks; `elsewhere`: models of others."""
    others = elsewhere or Nowhere()
    app.include_router(images.router(drawing_of, limits, others), prefix="/v1")
    analyser = Analyser(limits)
    app.include_router(chat.router(analyser, others), prefix="/v1")
    app.include_router(responses.router(analyser, others), prefix="/v1")

    @app.get("/v1/models")
    def models(request: Request) -> JSONResponse:
        """The models there are."""
        return JSONResponse({"object": "list", "data": [*others.models(request), *model_list()]})

    @app.get("/v1/models/{model:path}")
    def one_model(model: Annotated[str, "its id"], request: Request) -> JSONResponse:
        """One of them."""
        there = [*others.models(request), *model_list()]
        found = next((each for each in there if each["id"] == model), None)
        if found is None:
            names = ", ".join(str(each["id"]) for each in there)
            raise ApiError(404, "model_not_found", param="model", model=model[:100], models=names)
        return JSONResponse(found)
