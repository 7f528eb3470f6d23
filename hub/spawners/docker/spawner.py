"""The spawner for labs in containers, on GPUs that are leased one by one.

A container is created at each start and removed at its stop. What lasts is the student's volume,
which is mounted at their home; nothing here ever removes a volume.

A student waits for a GPU before the start begins, so the start's time limit does not include the wait.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound
from docker.types import DeviceRequest
from dockerspawner import DockerSpawner
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import maybe_future, url_path_join, wait_for_http_server
from markupsafe import Markup
from requests.exceptions import RequestException
from traitlets import Dict, Instance, Integer, default

from exercises.i18n import Language, translator
from hub.language import language_of
from hub.spawners.docker.container import USER, container_labels, gpu_requests
from hub.spawners.docker.gpus import form as gpu_form
from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.failures import failure_from_log

LOG_TAIL = 50  # lines of a lab's log in which its last words are looked for
CHECK_SECONDS = 1  # pause between two checks while something is waited for


class ContainerLab(DockerSpawner):
    """One student's lab in a container, with a GPU if they chose one and got it."""

    gpus = Instance(Allocator, help="Leases the GPUs").tag(config=True)
    confinement = Dict(help="The result of `host_config`").tag(config=True)
    answer_timeout = Integer(120, help="Seconds until a lab must answer for the first time").tag(config=True)

    language: Language = "en"  # of the person who started this lab
    device_decided = False  # whether the wait for a GPU is over, with one or without
    device: str | None = None  # the id of the leased GPU
    has_answered = False  # whether this lab has answered since its start
    # How the last lab ended if nobody stopped it: a key of the texts' section `docker`, and its values.
    last_end: dict[str, str] | None = None
    # The engine's work on this start. It continues in the engine even if the start is cancelled.
    creation: "asyncio.Future[Any] | None" = None

    # ---- options of DockerSpawner

    @default("remove")
    def _remove(self) -> bool:
        return True

    @default("pull_policy")
    def _pull_policy(self) -> str:
        return "never"  # anybody could publish an image of that name in a public registry

    @default("options_form")
    def _options_form(self) -> Callable[["ContainerLab"], Markup]:
        return lambda spawner: spawner.form(language_of(spawner.handler))

    @default("options_from_form")
    def _options_from_form(self) -> Callable[[dict[str, list[str]]], dict[str, str]]:
        return gpu_form.options_from_form

    @default("extra_create_kwargs")
    def _create_kwargs(self) -> Callable[["ContainerLab"], dict[str, Any]]:
        return lambda spawner: {"user": USER, "labels": spawner.labels}

    @default("extra_host_config")
    def _host_config(self) -> Callable[["ContainerLab"], dict[str, Any]]:
        return lambda spawner: {**spawner.confinement, "device_requests": spawner.device_requests}

    @property
    def holder(self) -> str:
        """This server's name in leases and labels."""
        return f"{self.user.name}/{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        return container_labels(self.prefix, self.holder, self.device)

    @property
    def device_requests(self) -> list[DeviceRequest]:
        return gpu_requests(self.device)

    def get_env(self) -> dict[str, str]:
        env: dict[str, str] = super().get_env()
        if self.device is None:
            # An engine whose default runtime is NVIDIA's would otherwise show every container every card.
            env |= {"GENAI_DEVICE": "cpu", "NVIDIA_VISIBLE_DEVICES": "void"}
        return env

    # ---- what JupyterHub keeps in its database

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        own = {"gpu": self.device, "ended": self.last_end}
        return state | {name: value for name, value in own.items() if value}

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.device, self.last_end = state.get("gpu"), state.get("ended")
        self.has_answered = bool(self.object_id)

    def clear_state(self) -> None:
        super().clear_state()
        self.device = None

    # ---- before the start

    def form(self, language: Language) -> Markup:
        """Return a notice if the last lab ended by itself, and the choice of a GPU; both may be empty."""
        html = gpu_form.options_form(self.gpus, language)
        if self.last_end:
            values = {name: value for name, value in self.last_end.items() if name != "key"}
            message = translator("hub", language)(f"docker.{self.last_end['key']}", **values)
            html = Markup('<p class="alert alert-warning" role="status">{}</p>').format(message) + html
        return html

    async def run_pre_spawn_hook(self) -> None:
        """Lease a GPU if the student chose one. The hub does not count this time as part of the start."""
        await maybe_future(super().run_pre_spawn_hook())  # what is configured, such as the opening dates
        self.language, self.device_decided = language_of(self.handler), False
        self.has_answered, self.last_end = False, None
        processor = gpu_form.chosen_processor(self.user_options, self.gpus, self.language)
        lease = None
        if processor == "gpu":
            lease = await self.gpus.acquire(self.holder)
        elif processor == "any":
            lease = self.gpus.try_acquire(self.holder)
        self.device = lease.device if lease else None
        self.device_decided = True

    # ---- the start

    async def start(self) -> tuple[str, int]:
        """Start the container and wait until the lab answers. Raises SpawnException with the reason."""
        self.creation = asyncio.ensure_future(super().start())
        try:
            address: tuple[str, int] = await asyncio.shield(self.creation)
        except ImageNotFound as error:
            raise self._failure("no_image", image=self.image) from error
        except APIError as error:
            reason = failure_from_log(str(error.explanation))
            raise self._failure("refused", reason=reason) from error
        except (DockerException, RequestException) as error:
            raise self._failure("engine_gone") from error
        if self.device is None:
            # An earlier container that could not be stopped may still hold a lease; it is gone now.
            self.gpus.release(self.holder)
        await self._wait_for_answer(address)
        self.has_answered = True
        return address

    async def _wait_for_answer(self, address: tuple[str, int]) -> None:
        """Wait until the lab answers an HTTP request. Raises SpawnException if it does not."""
        url = url_path_join(f"http://{address[0]}:{address[1]}", self.server.base_url, "api")
        answer = asyncio.ensure_future(wait_for_http_server(url, timeout=self.answer_timeout))
        try:
            while not answer.done():
                await asyncio.wait([answer], timeout=CHECK_SECONDS)
                if not answer.done() and await self.poll() is not None:
                    raise await self._exited()
            await answer
        except TimeoutError as error:
            reason = await self._last_log_line() or "—"
            raise self._failure("silent", seconds=self.answer_timeout, reason=reason) from error
        finally:
            answer.cancel()

    async def _exited(self) -> SpawnException:
        """The exception for a container that ended before its lab answered."""
        if await self._out_of_memory():
            return self._failure("out_of_memory", memory=self.memory)
        line = await self._last_log_line()
        t = translator("hub", self.language)
        message = t("spawn.said", reason=line) if line else t("spawn.silent")
        return SpawnException(message, reason="exited", status_code=500)

    @property
    def memory(self) -> str:
        """The lab's memory limit in GiB."""
        return f"{self.mem_limit / 2**30:.3g}"

    async def _out_of_memory(self) -> bool:
        """Tell whether the engine says that the container was killed for its memory."""
        state = (await self.get_object() or {}).get("State", {})
        return bool(state.get("OOMKilled"))

    async def _last_log_line(self) -> str:
        """Return the last meaningful line of the container's log, or "" if the container is gone."""
        try:
            log: bytes = await self.docker("logs", self.object_name, tail=LOG_TAIL)
        except APIError:
            return ""
        return failure_from_log(log.decode("utf-8", "replace"), hide=[self.api_token])

    def _failure(self, key: str, **values: object) -> SpawnException:
        message = translator("hub", self.language)(f"docker.{key}", **values)
        return SpawnException(message, reason=key, status_code=500)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Tell the waiting page the place in the queue for a GPU, then that the lab is starting."""
        last_message = ""
        while not self.device_decided:
            position = self.gpus.position(self.holder)
            if position:
                message = gpu_form.waiting_message(self.gpus, position, self.language)
                if message != last_message:
                    yield {"progress": 10, "message": message, "position": position}
                    last_message = message
            await asyncio.sleep(CHECK_SECONDS)
        yield {"progress": 50, "message": self._starting_message()}

    def _starting_message(self) -> str:
        t = translator("hub", self.language)
        if not self.gpus.devices:
            return t("docker.starting")
        return t("gpus.granted") if self.device else t("gpus.on_processor")

    # ---- the end

    async def remove_object(self) -> None:
        """Remove the container even if it runs. The student's volume is kept, because it has a name."""
        try:
            await self.docker("remove_container", self.object_id, v=True, force=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # it is gone, or is being removed
                raise

    async def run_post_stop_hook(self) -> None:
        """Remove the container if it is still there, and only then release the GPU.

        A container that cannot be removed keeps its GPU. A start that was cancelled is waited for,
        because the engine finishes the work it was given.
        """
        if self.creation:
            await asyncio.wait([self.creation])
            self.log.debug("%s: %s", self.object_name, self.creation.exception() or "was started")
        if await self.get_object():
            if self.has_answered:  # the lab ended by itself: a stop would have removed the container
                self.last_end = await self._how_it_ended()
            await self.remove_object()
        self.gpus.release(self.holder)

    async def _how_it_ended(self) -> dict[str, str]:
        if await self._out_of_memory():
            return {"key": "ended_memory", "memory": self.memory}
        return {"key": "ended", "reason": await self._last_log_line() or "—"}
