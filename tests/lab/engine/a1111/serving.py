"""A server that speaks A1111's API as the web UI does, over pictures of noise.

It draws one at a time, step by step; fields are checked by pydantic (422 with their places), unknown samplers
and checkpoints are 404, `/internal/progress` knows tasks, `/sdapi/v1/interrupt` stops whatever runs, and what
was stopped comes back as the picture it was then. `lacks` takes routes away, as other servers lack them.
"""

import base64
import io
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_server
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel

from tests.lab.comfyui.serving import Faults

CHECKPOINTS = {"v1-5-pruned": "6ce0161689", "dreamy_xl": "aa00bb11cc"}
SAMPLERS = {"Euler a": ["k_euler_a"], "Euler": ["k_euler"], "DDIM": ["ddim"], "DPM++ 2M": ["k_dpmpp_2m"]}


class Asked(BaseModel):
    """Fields of the web UI's requests that matter here; others are ignored, as there."""

    prompt: str = ""
    negative_prompt: str = ""
    width: int = 512
    height: int = 512
    steps: int = 50
    cfg_scale: float = 7.0
    seed: int = -1
    sampler_name: str | None = None
    scheduler: str | None = None
    denoising_strength: float = 0.75
    init_images: list[str] | None = None
    override_settings: dict[str, Any] = {}
    force_task_id: str | None = None
    mask: str | None = None
    inpaint_full_res: bool = True
    inpaint_full_res_padding: int = 0
    inpainting_mask_invert: int = 0


class WebUi:
    """The server's state. `step_seconds`: of each step; `hold`: cleared, no step ends."""

    def __init__(self) -> None:
        self.loaded = "v1-5-pruned.safetensors [6ce0161689]"
        self.step_seconds = 0.0
        self.hold = threading.Event()
        self.hold.set()
        self.lacks: set[str] = set()
        self.login: str | None = None
        self.asked: list[dict[str, Any]] = []
        self.interrupts = 0
        self.ignores_checkpoints = False
        self.version = "v1.10.1"
        self.empty_info = False
        self.wrong: Exception | None = None
        self._lock = threading.Lock()
        self._started = 0
        self.current: str | None = None
        self.pending: list[str] = []
        self.state: dict[str, Any] = {}
        self._idle()
        self.preview: str | None = None

    def _idle(self) -> None:
        self.state |= {"job": "", "job_count": 0, "sampling_step": 0}

    def draw(self, asked: Asked, from_picture: bool) -> dict[str, Any]:
        if asked.sampler_name not in SAMPLERS:
            raise HTTPException(404, "Sampler not found")
        task = asked.force_task_id or f"task({random.random()})"
        self.pending.append(task)
        with self._lock:
            self.pending.remove(task)
            self.current = task
            self._started += 1
            self.state |= {"job": "scripts_txt2img", "job_count": 1, "job_timestamp": str(self._started)}
            self.state |= {"interrupted": False, "sampling_step": 0}
            try:
                return self._drawn(asked, from_picture)
            finally:
                self.current = None
                self._idle()

    def _drawn(self, asked: Asked, from_picture: bool) -> dict[str, Any]:
        seed = asked.seed if asked.seed >= 0 else 77
        strength = min(asked.denoising_strength, 0.999)
        steps = int(asked.steps * strength) + 1 if from_picture else asked.steps
        picture = noise(seed, asked.width, asked.height)
        self.state["sampling_steps"] = steps
        for step in range(1, steps + 1):
            while not self.hold.wait(0.02) and not self.state["interrupted"]:
                pass
            if self.state["interrupted"]:
                break
            time.sleep(self.step_seconds)
            if self.wrong is not None:
                raise self.wrong
            self.state["sampling_step"] = step
            self.preview = encoded(picture.resize((16, 16)))
        title = str(asked.override_settings.get("sd_model_checkpoint", self.loaded))
        name = (self.loaded if self.ignores_checkpoints else title).partition(".")[0]
        infotext = (
            f"{asked.prompt}\nNegative prompt: {asked.negative_prompt}\nSteps: {asked.steps}, Sampler: "
            f"{asked.sampler_name}, Schedule type: Automatic, CFG scale: {asked.cfg_scale}, Seed: {seed}, "
            f"Size: {asked.width}x{asked.height}, Model: {name}, Version: {self.version}"
        )
        info = {
            "seed": seed,
            "steps": asked.steps,
            "sampler_name": asked.sampler_name,
            "sd_model_name": name,
            "sd_model_hash": CHECKPOINTS.get(name, ""),
            "extra_generation_params": {"Schedule type": "Automatic"},
            "infotexts": [infotext],
            "version": self.version,
        }
        return {
            "images": [encoded(picture, infotext)],
            "parameters": {},
            "info": "" if self.empty_info else json.dumps(info),
        }


def application(ui: WebUi) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def let_in(request: Request, go_on: Any) -> Any:
        path = request.url.path
        if any(path.endswith(each) for each in ui.lacks):
            return JSONResponse({"detail": "Not Found"}, 404)
        expected = "Basic " + base64.b64encode((ui.login or "").encode()).decode()
        if ui.login and request.headers.get("authorization") != expected:
            return JSONResponse({"detail": "Incorrect username or password"}, 401)
        try:
            return await go_on(request)
        except Exception as error:  # as the web UI words its own
            told = {"error": type(error).__name__, "detail": "", "body": "", "errors": str(error)}
            return JSONResponse(told, 500)

    @app.post("/sdapi/v1/txt2img")
    def txt2img(asked: Asked) -> dict[str, Any]:
        ui.asked.append(asked.model_dump())
        return ui.draw(asked, from_picture=False)

    @app.post("/sdapi/v1/img2img")
    def img2img(asked: Asked) -> dict[str, Any]:
        ui.asked.append(asked.model_dump())
        if not asked.init_images:
            raise HTTPException(404, "Init image not found")
        return ui.draw(asked, from_picture=True)

    @app.get("/sdapi/v1/options")
    def options() -> dict[str, Any]:
        return {"sd_model_checkpoint": ui.loaded, "samples_format": "png"}

    @app.get("/sdapi/v1/sd-models")
    def checkpoints() -> list[dict[str, Any]]:
        return [
            {"title": f"{name}.safetensors [{hash_}]", "model_name": name, "hash": hash_, "sha256": None}
            for name, hash_ in CHECKPOINTS.items()
        ]

    @app.get("/sdapi/v1/samplers")
    def samplers() -> list[dict[str, Any]]:
        return [{"name": name, "aliases": names, "options": {}} for name, names in SAMPLERS.items()]

    @app.get("/sdapi/v1/schedulers")
    def schedulers() -> list[dict[str, Any]]:
        return [{"name": "automatic", "label": "Automatic"}, {"name": "karras", "label": "Karras"}]

    @app.get("/sdapi/v1/progress")
    def progress(skip_current_image: bool = False) -> dict[str, Any]:
        preview = ui.preview if not skip_current_image and ui.state["job"] else None
        return {"progress": 0.0, "eta_relative": 0.0, "state": ui.state, "current_image": preview}

    @app.post("/internal/progress")
    def task(id_task: Annotated[str, Body(embed=True)]) -> dict[str, Any]:
        return {"active": id_task == ui.current, "queued": id_task in ui.pending, "completed": False}

    @app.post("/sdapi/v1/interrupt")
    def interrupt() -> dict[str, Any]:
        ui.interrupts += 1
        ui.state["interrupted"] = True
        return {}

    return app


@contextmanager
def served(ui: WebUi, faults: Faults | None = None, port: int = 0) -> Iterator[str]:
    """The address of a server; what is under way is cut off when it ends."""
    listener = create_server(("127.0.0.1", port))
    app: Any = application(ui)
    if faults is not None:
        faults.app, app = app, faults
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


def noise(seed: int, width: int, height: int) -> Image.Image:
    data = random.Random(seed).randbytes(width * height * 3)
    return Image.frombytes("RGB", (width, height), data)


def encoded(picture: Image.Image, text: str = "") -> str:
    out, texts = io.BytesIO(), PngInfo()
    if text:
        texts.add_text("parameters", text)
    picture.save(out, "PNG", pnginfo=texts)
    return base64.b64encode(out.getvalue()).decode()
