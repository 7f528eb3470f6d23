"""ComfyUI's routes over the lab's engine, as an application; each also below `/api`, as its clients ask.

Rule: all that is sent is bounded before it is read, and no page of another site can make a browser use it.
"""

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import psutil
from fastapi import APIRouter, FastAPI, Form, Request, UploadFile, WebSocket
from fastapi.responses import JSONResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from lab.comfyui.execution import Execution
from lab.comfyui.files import BadName, Files
from lab.comfyui.nodes import object_info
from lab.comfyui.queue import Item, PromptQueue, QueueFull, now
from lab.comfyui.sockets import Sockets
from lab.comfyui.understanding import Understanding
from lab.comfyui.validation import error, validate
from lab.endpoint.bounded_body import BoundedBody
from lab.engine.protocol import Engine
from lab.web.origin import LOOPBACK, LOOPBACK_NAMES, is_cross_site
from manifests.errors import JsonError, PictureError
from manifests.pictures import MAX_BYTES, MEDIA_TYPES
from manifests.strict_json import parse

SPOKEN = "0.3.64"  # the version of ComfyUI whose interface this is
MOST_JSON = 512 * 1024  # bytes: a graph and what its client adds; the history keeps many
MOST_BODY = MAX_BYTES + 64 * 1024  # of an upload: a picture and its form
LONGEST_ID = 100
LARGEST_NUMBER = 2**53  # in the queue's order: a larger one is no number that its clients can write


class OwnPages:
    """ASGI middleware: refuses what a page of another site made a browser send, websockets too."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import HTTPConnection

        if scope["type"] in ("http", "websocket"):
            headers = HTTPConnection(scope).headers
            said = "origin" in headers or "sec-fetch-site" in headers
            if said and is_cross_site(HTTPConnection(scope), ()):
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                else:
                    await Response(status_code=403)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class Server:
    """What the routes share."""

    def __init__(self, engine: Engine, folder: Path, free: Callable[[], None]) -> None:
        self.engine, self.free = engine, free
        self.files = Files(folder)
        self.understanding = Understanding(self.files)
        self.sockets = Sockets(MOST_BODY)
        self.queue = PromptQueue(self._execution, self.tell_status)

    def status(self) -> dict[str, Any]:
        return {"exec_info": {"queue_remaining": self.queue.remaining()}}

    def tell_status(self) -> None:
        self.sockets.send("status", {"status": self.status()})

    def _execution(self, item: Item) -> Execution:
        """The execution of a graph, which tells the client that sent it."""
        client = str(item.extra.get("client_id", ""))

        def tell(kind: str, data: dict[str, Any]) -> None:
            if kind.startswith("execution_"):
                data["timestamp"] = now()
            # a graph's own client hears of it; how it was stopped, everybody
            self.sockets.send(kind, data, None if kind == "execution_interrupted" else client)
            if kind in ("execution_success", "execution_error", "execution_interrupted"):
                self.sockets.send("executing", {"node": None, "prompt_id": item.id}, client)

        return Execution(self.engine, self.files, tell, lambda jpeg: self.sockets.preview(jpeg, client))


def build_comfyui(
    engine: Engine,
    folder: Path,
    *,
    host: str = "127.0.0.1",
    free: Callable[[], None] = lambda: None,
    closing: Callable[[], None] = lambda: None,
) -> FastAPI:
    """The application, ready for a server; `closing` is called when that server stops.

    `folder` holds the pictures. `free` drops the model from memory.
    """
    server = Server(engine, folder, free)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        server.sockets.opened(asyncio.get_running_loop())
        yield
        await asyncio.to_thread(server.queue.close)
        closing()

    app = FastAPI(
        title="GenAI Lab: ComfyUI", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    routes = _routes(server)
    app.include_router(routes)
    app.include_router(routes, prefix="/api")
    app.add_middleware(BoundedBody, most=MOST_BODY, refuse=lambda _: Response(status_code=413))
    app.add_middleware(OwnPages)
    if host in LOOPBACK:  # else a name of another's that leads to this machine would do
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK_NAMES, "testserver"])
    return app


def _routes(server: Server) -> APIRouter:
    routes = APIRouter()

    @routes.post("/prompt")
    async def post_prompt(request: Request) -> JSONResponse:
        asked = await _json(request)
        return await asyncio.to_thread(_queued, server, asked)

    @routes.get("/prompt")
    def get_prompt() -> dict[str, Any]:
        return server.status()

    @routes.get("/queue")
    def get_queue() -> JSONResponse:
        return JSONResponse(server.queue.told())

    @routes.post("/queue")
    async def post_queue(request: Request) -> Response:
        asked = await _json(request)
        if asked.get("clear"):
            server.queue.remove(None)
        server.queue.remove(_ids(asked.get("delete")))
        return Response()

    @routes.get("/history")
    def get_history(max_items: int | None = None) -> JSONResponse:
        return JSONResponse(server.queue.history(most=max(max_items, 1) if max_items else None))

    @routes.get("/history/{prompt_id}")
    def get_one(prompt_id: str) -> JSONResponse:
        return JSONResponse(server.queue.history(prompt_id))

    @routes.post("/history")
    async def post_history(request: Request) -> Response:
        asked = await _json(request)
        server.queue.forget(None if asked.get("clear") else _ids(asked.get("delete")))
        return Response()

    @routes.post("/interrupt")
    async def interrupt(request: Request) -> Response:
        prompt_id = (await _json(request)).get("prompt_id")
        server.queue.interrupt(str(prompt_id) if prompt_id else None)
        return Response()

    @routes.post("/free")
    async def free(request: Request) -> Response:
        asked = await _json(request)
        if asked.get("unload_models") or asked.get("free_memory"):
            await asyncio.to_thread(server.free)
        return Response()

    @routes.get("/object_info")
    def all_nodes() -> JSONResponse:
        return JSONResponse(object_info(server.files.pictures()))

    @routes.get("/object_info/{node}")
    def one_node(node: str) -> JSONResponse:
        found = object_info(server.files.pictures()).get(node)
        return JSONResponse({node: found} if found else {})

    @routes.get("/system_stats")
    def system_stats() -> JSONResponse:
        return JSONResponse(_system_stats())

    @routes.get("/features")
    def features() -> dict[str, Any]:
        return {"supports_preview_metadata": False, "max_upload_size": MOST_BODY}

    @routes.post("/upload/image")
    def upload(
        image: UploadFile,
        type: Annotated[str, Form()] = "input",
        subfolder: Annotated[str, Form()] = "",
        overwrite: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            name = server.files.upload(
                image.file.read(MAX_BYTES + 1),
                image.filename or "",
                subfolder,
                type,
                overwrite in ("true", "1"),
            )
        except (BadName, PictureError):
            return Response(status_code=400)
        return JSONResponse({"name": name, "subfolder": subfolder, "type": type})

    @routes.get("/view")
    def view(filename: str, subfolder: str = "", type: str = "output") -> Response:
        try:
            data = server.files.read(filename, subfolder, type)
        except BadName:
            return Response(status_code=400)
        except OSError:
            return Response(status_code=404)
        ending = "." + filename.rpartition(".")[2].lower().replace("jpeg", "jpg")
        headers = {
            "Content-Disposition": f'filename="{filename.encode("ascii", "replace").decode()}"',
            "X-Content-Type-Options": "nosniff",
        }
        return Response(data, media_type=MEDIA_TYPES.get(ending), headers=headers)

    @routes.websocket("/ws")
    async def listen(websocket: WebSocket) -> None:
        client_id = websocket.query_params.get("clientId", "")
        await server.sockets.serve(websocket, client_id, server.status())

    return routes


async def _json(request: Request) -> Mapping[str, Any]:
    """The object that was sent; an empty one for anything else."""
    try:
        value = parse(await request.body(), max_bytes=MOST_JSON)
    except JsonError:
        return {}
    return value if isinstance(value, dict) else {}


def _ids(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _queued(server: Server, asked: Mapping[str, Any]) -> JSONResponse:
    """Check a graph and queue it, or say what is wrong with it."""
    if "prompt" not in asked:
        return _refused(error("no_prompt", "No prompt provided", "No prompt provided"))
    checked = validate(asked["prompt"], object_info(server.files.pictures()), server.understanding)
    if checked.error is not None:
        return _refused(checked.error, checked.node_errors)
    prompt_id = str(asked.get("prompt_id") or uuid4())
    told, given = asked.get("extra_data"), asked.get("number")
    extra = dict(told) if isinstance(told, dict) else {}
    if "client_id" in asked:
        extra["client_id"] = asked["client_id"]
    if len(prompt_id) > LONGEST_ID:
        return _refused(error("invalid_prompt_id", "The prompt_id is too long", prompt_id[:LONGEST_ID]))
    try:
        number = server.queue.put(
            prompt_id,
            checked.graph,
            checked.outputs,
            extra,
            float(given) if isinstance(given, int | float) and abs(given) <= LARGEST_NUMBER else None,
            front=bool(asked.get("front")),
        )
    except QueueFull:
        return _refused(error("queue_full", "The queue is full", "Wait until some of it is done"), status=429)
    except ValueError:
        return _refused(error("invalid_prompt_id", "This prompt_id was used before", prompt_id))
    return JSONResponse({"prompt_id": prompt_id, "number": number, "node_errors": checked.node_errors})


def _refused(
    why: dict[str, Any], node_errors: Mapping[str, Any] | None = None, status: int = 400
) -> JSONResponse:
    return JSONResponse({"error": why, "node_errors": dict(node_errors or {})}, status)


def _system_stats() -> dict[str, Any]:
    memory = psutil.virtual_memory()
    room = {"vram_total": memory.total, "vram_free": memory.available}
    return {
        "system": {
            "os": "posix" if platform.system() != "Windows" else "nt",
            "ram_total": memory.total,
            "ram_free": memory.available,
            "comfyui_version": f"{SPOKEN}+genai.lab.{version('genai-lab')}",
            "python_version": platform.python_version(),
            "pytorch_version": version("torch"),
            "embedded_python": False,
            "argv": [],
        },
        "devices": [
            {"name": "cpu", "type": "cpu", "index": None}
            | room
            | {f"torch_{key}": value for key, value in room.items()}
        ],
    }
