"""The gateway as an application: labs draw by it, OpenAI clients ask it, and anyone may check receipts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from gateway import (
    class_routes,
    drawing_routes,
    feedback_routes,
    leaving_routes,
    receipt_routes,
    spending_routes,
    wall_routes,
)
from gateway.budgets import BudgetFile
from gateway.class_router import open_class_router
from gateway.class_watch import ClassWatch
from gateway.credentials import Credentials
from gateway.drawings import Drawing, Drawings
from gateway.feedback_store import FeedbackStore
from gateway.gate import PersonGate, person_of
from gateway.kept import Kept
from gateway.keys import SigningKeys
from gateway.people import People, Person
from gateway.provided import ProviderModels
from gateway.receipt_log import ReceiptLog
from gateway.wall_store import WallStore
from lab.endpoint.app import ERRORS, add_routes
from lab.endpoint.bounded_body import BoundedBody
from lab.endpoint.drawing import Drawing as EndpointDrawing
from lab.endpoint.errors import ApiError, install, too_large
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.server import Loopback
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.line import LineEngine
from lab.providers.retrying import Policy
from manifests.manifest import Request as Asked

LIMITS = EndpointLimits(at_once=64, per_minute=600, waiting=32)  # of one person
HEADS = "receipt-heads.jsonl"  # the receipt log's head of each day, signed
log = logging.getLogger(__name__)

TIDY = 15.0  # seconds between two looks for what nobody wants any more


@dataclass
class Gateway:
    """What the gateway works on. All that it keeps lies in `state`."""

    state: Path
    people: People
    engine: LineEngine
    policy: Policy | None = None  # how often providers are asked again

    def __post_init__(self) -> None:
        self.keys = SigningKeys(self.state / "keys")
        self.receipts = ReceiptLog(self.state / "receipts.sqlite", self.keys)
        self.loopback = Loopback(self.engine)
        self.budgets = BudgetFile(self.state / "budgets.toml")
        router = open_class_router(self.state, self.loopback, self.budgets, self.policy)
        self.watch = ClassWatch()
        self.feedback = FeedbackStore(self.state / "feedback.sqlite")
        self.wall = WallStore(self.state)
        self.providers = ProviderModels(router, self.receipts, LIMITS, self.watch)
        self.credentials = Credentials(self.state / "keys") if find_spec("c2pa") else None
        kept = Kept(self.state / "finished")
        self.drawings = Drawings(self.engine, self.receipts, kept, self.credentials, self.watch.ended)


@dataclass(frozen=True)
class _PersonsEngine:
    """The class's engine as one person's OpenAI client uses it: each request is a new one."""

    drawings: Drawings
    person: Person

    def submit(
        self,
        request: Asked,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> Drawing:
        return self.drawings.submit(
            self.person, uuid4().hex, request, model, inputs, film, held=True, background=background
        )

    def close(self) -> None:
        """The engine is the gateway's."""


def build_gateway(gateway: Gateway) -> FastAPI:
    """The application, ready for a server; closing it closes the engine."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tidying = asyncio.create_task(_tidy_now_and_then(gateway))
        yield
        tidying.cancel()
        await asyncio.wait([tidying])
        gateway.providers.close()
        gateway.loopback.close()
        gateway.engine.close()

    def takes_pictures(request: Request) -> None:
        """Refuses OpenAI's routes of pictures while nothing new is taken; labs' route asks for itself."""
        if gateway.drawings.draining and request.url.path.startswith("/v1/images/"):
            raise ApiError(503, "draining", headers={"Retry-After": "30"})

    app = FastAPI(
        title="GenAI Lab gateway",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        # The first is for the description: the gate asks
        dependencies=[Depends(HTTPBearer(auto_error=False)), Depends(takes_pictures)],
        responses=ERRORS,  # type: ignore[arg-type]
    )
    install(app, invalid_status=400)
    app.add_middleware(BoundedBody, most=LIMITS.body_bytes, refuse=too_large(LIMITS.body_bytes))
    app.add_middleware(PersonGate, people=gateway.people, limits=LIMITS)
    app.include_router(drawing_routes.router(gateway.drawings))
    app.include_router(receipt_routes.router(gateway.receipts, gateway.keys))
    app.include_router(class_routes.router(gateway.drawings, gateway.watch, gateway.providers.budget_used))
    app.include_router(spending_routes.router(gateway.providers, gateway.budgets))
    app.include_router(feedback_routes.router(gateway.feedback))
    app.include_router(wall_routes.router(gateway.wall))
    app.include_router(leaving_routes.router(gateway.feedback, gateway.wall))
    endpoints: dict[Person, EndpointDrawing] = {}

    def drawing_of(request: Request) -> EndpointDrawing:
        person = person_of(request)
        if person not in endpoints:
            endpoints[person] = EndpointDrawing(_PersonsEngine(gateway.drawings, person), LIMITS)
        return endpoints[person]

    add_routes(app, drawing_of, LIMITS, gateway.providers)

    if gateway.credentials is not None:
        root = gateway.credentials.root

        @app.get("/marks/root.pem")
        def certificate() -> PlainTextResponse:
            """Whom `genai-lab marks --trust` has to trust; open to all."""
            return PlainTextResponse(root, media_type="application/x-pem-file")

    @app.get("/health")
    def health() -> JSONResponse:
        """That the gateway is there; open to all."""
        return JSONResponse({"ok": True})

    return app


async def _tidy_now_and_then(gateway: Gateway) -> None:
    """Sign the day's head, and tidy up, for as long as the gateway runs; what fails is tried again."""
    while True:
        await _logged("sign the day's head", gateway.receipts.sign_daily, gateway.state / HEADS)
        await asyncio.sleep(TIDY)
        await _logged("tidy up", gateway.drawings.tidy)


async def _logged(what: str, work: Callable[..., object], *given: object) -> None:
    """Do it; an error is logged, and ends nothing."""
    try:
        await run_in_threadpool(work, *given)
    except Exception:
        log.exception("The gateway could not %s", what)
