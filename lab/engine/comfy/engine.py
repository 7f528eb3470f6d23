"""The engine behind a ComfyUI server: it sends a workflow, follows it, and fetches its picture.

Rule: a job goes under an id of ours, and whatever becomes of it here (stopped, failed, given up), it is taken
out of the server's queue, or interrupted there if it runs; nobody else's ever is. Steps and previews come by
websocket; whether it has ended is asked of history and queue, so that it ends well without one too.
"""

import contextlib
import logging
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import uuid4

from lab.engine.comfy.answers import (
    About,
    about,
    entry_of,
    execution_error,
    failure_of,
    picture_of,
    place_of,
    refused,
)
from lab.engine.comfy.asking import Asking, asking
from lab.engine.comfy.checking import check_graph
from lab.engine.comfy.listening import Heard, Listening
from lab.engine.denoise import versions
from lab.engine.elsewhere import short
from lab.engine.failures import EngineFailure
from lab.engine.followed import FollowedJob, UnderWay
from lab.engine.inputs import NOTHING, Inputs
from lab.engine.protocol import Done, Failed, Loading, Picture, Queued, Step, Unreachable
from lab.models.comfyui.server import Server, configured_server
from lab.models.http import NoAnswer, Refusal
from manifests.draft import Drawn
from manifests.errors import PictureError
from manifests.manifest import Model, Request, Versions
from manifests.pictures import open_picture
from manifests.service import ComfyuiService, workflow_sha256

log = logging.getLogger(__name__)

SUBFOLDER = "genai-lab"  # of the server's input folder, where our uploads lie
LISTEN = 0.25  # seconds in which the websocket is read before anything else is looked at
POLL, POLL_LISTENING = (
    1.0,
    3.0,
)  # seconds between two looks at history and queue, without and with a websocket
NOWHERE = (
    5.0  # seconds in neither queue nor history, after which a job is lost: it leaves one before the other
)
GIVE_UP = 60.0  # seconds without an answer
LONGEST_NAME = 300  # characters of an uploaded picture's name


class ComfyuiJob(FollowedJob):
    """A request that a ComfyUI server draws."""

    def __init__(self, request: Request, model: str, inputs: Inputs) -> None:
        super().__init__(str(uuid4()))
        self.request, self.model, self.inputs = request, model, inputs


class ComfyuiEngine:
    """A ComfyUI server behind the engine's protocol; `server` is that of the settings where none is given."""

    def __init__(self, server: Server | None = None, give_up: float = GIVE_UP) -> None:
        self._server, self._give_up = server, give_up
        self._under_way = UnderWay("comfyui", self._draw)

    def submit(
        self,
        request: Request,
        *,
        model: str,
        inputs: Inputs = NOTHING,
        film: int = 0,
        background: bool = False,
    ) -> ComfyuiJob:
        """Ask the server. A bad request fails as a job; nothing is raised.

        There is no film, and no `background`: the server draws in the order in which it is asked.
        """
        return self._under_way.begin(ComfyuiJob(request, model, inputs))

    def close(self) -> None:
        """Cancel what is under way."""
        self._under_way.close()

    def _draw(self, job: ComfyuiJob) -> None:
        """All of a job, in a thread of its own."""
        server = self._server or configured_server()
        if server is None:
            job.report(Failed("comfyui_not_set"))
            return
        try:
            _Following(server, job, self._give_up).run()
        except EngineFailure as failure:
            job.report(failure.failed)
        except NoAnswer as error:
            log.warning("ComfyUI does not answer: %s", error)
            job.report(Failed("comfyui_gone", {"address": server.address}))
        except Refusal as refusal:
            job.report(refused(refusal))


class _Following:
    """One job at the server, from the check of its workflow to its picture."""

    def __init__(self, server: Server, job: ComfyuiJob, give_up: float) -> None:
        self._server, self._job, self._give_up = server, job, give_up
        self._connection = server.connection
        self._began: float | None = None  # when it began to run
        self._steps = 0  # as the server counts them
        self._away = False  # the server did not answer for a while, since it was sent

    def run(self) -> None:
        """Raises EngineFailure, NoAnswer, Refusal."""
        job, connection = self._job, self._connection
        asked = asking(self._server, job.model, job.request, job.inputs)
        if asked.source is not None:
            asked = self._with_source(asked, asked.source)
        try:
            check_graph(self._server, asked.graph, frozenset(asked.uploaded))
        except (EngineFailure, NoAnswer):  # what is remembered may be of before
            self._server.forget()
            check_graph(self._server, asked.graph, frozenset(asked.uploaded))
        if job.stop.is_set():
            return
        with Listening(connection, job.id) as listening:
            try:
                connection.post("/prompt", {"prompt": asked.graph, "prompt_id": job.id, "client_id": job.id})
                self._follow(asked, listening)
            finally:
                self._clean()

    def _with_source(self, asked: Asking, source: bytes) -> Asking:
        """Send the picture to begin with, and name it in the graph as the server names it."""
        name = f"{sha256(source).hexdigest()[:16]}.png"
        fields = {"type": "input", "subfolder": SUBFOLDER, "overwrite": "true"}
        told = self._connection.upload("/upload/image", name, source, fields)
        if not isinstance(told, dict) or not isinstance(told.get("name"), str):
            raise EngineFailure("comfyui_no_upload")
        folder = told.get("subfolder")
        named = f"{folder}/{told['name']}" if folder else told["name"]
        if len(named) > LONGEST_NAME:
            raise EngineFailure("comfyui_no_upload")
        return asked.with_source(named)

    def _follow(self, asked: Asking, listening: Listening) -> None:
        """Until the job has ended, here or there."""
        job = self._job
        looked = heard_last = time.monotonic()
        nowhere: float | None = None
        ended = False
        while not job.stop.is_set():
            for heard in listening.heard(LISTEN):
                ended = self._hear(heard, asked) or ended
            if not listening.is_open:
                job.stop.wait(LISTEN)
            now = time.monotonic()
            if self._began is not None and now - self._began > asked.seconds:
                raise EngineFailure("comfyui_time_out", seconds=asked.seconds)
            if not ended and now - looked < (POLL_LISTENING if listening.is_open else POLL):
                continue
            looked, ended = now, False
            try:
                done = self._look(asked)
            except (NoAnswer, Refusal) as error:
                if isinstance(error, Refusal) and error.status < 500:
                    raise
                self._away = True
                if now - heard_last > self._give_up:
                    raise NoAnswer(str(error)) from error
                job.report(Unreachable())
                continue
            heard_last = time.monotonic()
            if done is True:
                return
            if done is False:
                nowhere = None
                continue
            nowhere = nowhere or now
            if now - nowhere > NOWHERE or self._away or listening.broke:
                restarted = self._away or listening.broke
                raise EngineFailure("comfyui_restarted" if restarted else "comfyui_lost")

    def _look(self, asked: Asking) -> bool | None:
        """Look at history and queue: True once it has ended, False while it is there, None where it is not.

        Raises EngineFailure where it failed, NoAnswer.
        """
        job = self._job
        for last in (False, True):
            entry = entry_of(self._connection.get_json(f"/history/{job.id}"), job.id)
            if entry is not None:
                self._end(entry, asked)
                return True
            if last:
                return None
            place = place_of(self._connection.get_json("/queue"), job.id).position
            if place is not None:
                break  # what is in neither may have gone from one to the other in between: look once more
        if place == 0:
            self._runs()
        elif self._began is None:
            position = Queued(place or 1)
            if job.latest != position:
                job.report(position)
        return False

    def _runs(self) -> None:
        """It is its turn: from now on its time counts."""
        if self._began is None:
            self._began = time.monotonic()
            self._job.report(Loading(self._job.model))

    def _hear(self, heard: Heard, asked: Asking) -> bool:
        """Report what the websocket tells of this job; True where it may have ended."""
        if heard.kind == "preview":
            self._preview(heard)
            return False
        if heard.data.get("prompt_id") != self._job.id:
            return False
        if heard.kind == "execution_error":
            raise EngineFailure.of(execution_error(heard.data))
        if heard.kind in ("execution_start", "executing") and heard.data.get("node", "") is not None:
            self._runs()
        if heard.kind == "progress":
            sampler = asked.sampler
            if sampler is None or str(heard.data.get("node")) == sampler:
                self._step(heard.data.get("value"), heard.data.get("max"))
        return heard.kind in ("execution_success", "execution_interrupted") or (
            heard.kind == "executing" and heard.data.get("node", "") is None
        )

    def _step(self, value: object, most: object) -> None:
        if not isinstance(value, int) or not isinstance(most, int) or not 0 < value <= most <= 10_000:
            return
        self._runs()
        now = time.monotonic()
        self._steps = most
        elapsed = now - (self._began or now)
        self._job.report(Step(value, most, elapsed, elapsed / value * (most - value)))

    def _preview(self, heard: Heard) -> None:
        """A preview comes after its step: the step is told again with it."""
        latest = self._job.latest
        if isinstance(latest, Step) and latest.step < latest.steps:
            self._job.report(Step(latest.step, latest.steps, latest.seconds, latest.remaining, heard.preview))

    def _end(self, entry: Mapping[str, Any], asked: Asking) -> None:
        """Fetch the picture of an ended job and report it. Raises EngineFailure, NoAnswer."""
        job = self._job
        failed = failure_of(entry)
        if failed is not None:
            raise EngineFailure.of(failed)
        file = picture_of(entry)
        if file is None:
            raise EngineFailure("comfyui_no_picture")
        seconds = time.monotonic() - (self._began or time.monotonic())
        try:
            image = open_picture(self._connection.get_bytes("/view", file.params()))
        except PictureError as error:
            raise EngineFailure("comfyui_bad_picture", reason=error) from None
        except Refusal as refusal:
            raise EngineFailure("comfyui_no_picture") from refusal
        told = About()
        with contextlib.suppress(NoAnswer, Refusal):
            told = about(self._connection.get_json("/system_stats"))
        job.report(Done(Picture(image, self._drawn(asked, told, seconds))))

    def _drawn(self, asked: Asking, told: About, seconds: float) -> Drawn:
        here = versions()
        return Drawn(
            request=self._job.request,
            effective_steps=min(asked.steps or self._steps, 1000),
            model=Model(id=self._job.model, repository="ComfyUI", revision=told.version, weights_sha256=None),
            versions=Versions(
                python=told.python,
                torch=told.torch,
                diffusers="none",
                transformers="none",
                genai_lab=here.genai_lab,
            ),
            device=told.device,
            dtype="comfyui",
            seconds=seconds,
            service=ComfyuiService.model_validate(
                {
                    "name": "ComfyUI",
                    "version": told.version,
                    "address": self._server.address[:200],
                    "checkpoint": short(asked.checkpoint)[:200] if asked.checkpoint else None,
                    "workflow": asked.graph,
                    "workflow_sha256": workflow_sha256(asked.graph),
                }
            ),
        )

    def _clean(self) -> None:
        """Leave nothing of the job in the server's queue: not waiting, and not running."""
        if isinstance(self._job.latest, Done):
            return
        connection, prompt_id = self._connection, self._job.id
        with contextlib.suppress(NoAnswer, Refusal):
            connection.post("/queue", {"delete": [prompt_id]})
            # older servers know no `prompt_id` here and would stop whatever runs
            if place_of(connection.get_json("/queue"), prompt_id).position == 0:
                connection.post("/interrupt", {"prompt_id": prompt_id})
