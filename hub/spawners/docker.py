"""Labs in hardened containers of this machine's engine, on GPUs that are leased one by one.

A container is made anew at each start and removed at its stop; what lasts is the student's volume,
mounted at their home, which nothing here ever removes. The container holds no right beyond those of
its processes: no capabilities, no new privileges, a read-only root, limits on everything.

The wait for a GPU comes before the start, so that the start's time limit says nothing about it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound
from docker.types import DeviceRequest, Ulimit
from dockerspawner import DockerSpawner
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import url_path_join, wait_for_http_server
from markupsafe import Markup
from requests.exceptions import RequestException
from traitlets import Dict, Instance, Integer, default
from traitlets.config import Config

from exercises.i18n import Language, translator
from hub.gpus import choice
from hub.gpus.allocator import Allocator
from hub.gpus.page import GpusHandler
from hub.gpus.settings import GpuSettings
from hub.language import language_of
from hub.settings import HubSettings
from hub.spawners.docker_network import prepare
from hub.spawners.docker_settings import DockerSettings
from hub.spawners.environment import lab_settings
from hub.spawners.reasons import reason

HOME = "/home/student"  # as in Dockerfile.gpu
MODELS = "/models"
FOLDERS = {"GENAI_EXERCISES_DIR": "/exercises", "GENAI_MINI_WEIGHTS": "/mini-weights"}
USER = "1000:1000"
TAIL = 50  # lines of a lab's log that are read for the last thing it said
ENGINE_SECONDS = 60  # that the engine may take to make a container
LOOK_AGAIN = 1  # seconds between two looks at the line, for the page of who waits


def configure(c: Config, settings: HubSettings) -> None:
    """Containers as DockerSettings say. Needs a running engine. Raises EngineError, DevicesError."""
    docker, gpus = DockerSettings(), GpuSettings()
    allocator = Allocator(settings.state.resolve() / "gpus.json", gpus.devices(), gpus.gpu_share)
    allocator.reconcile(running_leases(prepare(docker, settings.api_port), docker.prefix))
    c.JupyterHub.spawner_class = ContainerLab
    # running labs find the hub here, also after its restart; the proxy and services on this machine too
    c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = f"http://{docker.gateway}:{settings.api_port}"
    c.JupyterHub.concurrent_spawn_limit = 0  # who waits for a GPU holds nobody up
    c.JupyterHub.extra_handlers.append((r"/gpus", GpusHandler, {"allocator": allocator}))
    c.JupyterHub.template_vars["instructor_pages"].append(("gpus", "gpus.title"))
    c.ContainerLab.gpus = allocator
    c.ContainerLab.patience = docker.start_seconds
    c.ContainerLab.start_timeout = docker.start_seconds + ENGINE_SECONDS
    c.ContainerLab.image = docker.image
    c.ContainerLab.prefix = docker.prefix
    c.ContainerLab.network_name = docker.prefix
    c.ContainerLab.mem_limit = int(docker.memory)
    c.ContainerLab.cpu_limit = docker.cpus
    c.ContainerLab.volumes = {f"{docker.prefix}-{{username}}": HOME}
    c.ContainerLab.read_only_volumes = shared_folders(docker)
    c.ContainerLab.environment = environment(docker)
    c.ContainerLab.confinement = host_config(docker)


def shared_folders(docker: DockerSettings) -> dict[str, str]:
    """The host's folders that every lab reads and none writes, and where a container has them."""
    told = lab_settings()
    folders = {told[name]: place for name, place in FOLDERS.items() if name in told}
    return folders | ({str(docker.models.resolve()): MODELS} if docker.models else {})


def environment(docker: DockerSettings) -> dict[str, str]:
    """What a lab is told beside JupyterHub's own variables. It has no network to fetch weights from."""
    told = lab_settings()
    return {
        **{name: FOLDERS.get(name, value) for name, value in told.items()},
        "GENAI_WORK": f"{HOME}/work",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(max(1, int(docker.cpus))),
    }


def host_config(docker: DockerSettings) -> dict[str, Any]:
    """How the engine confines each container: arguments of docker-py's `create_host_config`."""
    files, size = docker.open_files, int(docker.file_size)
    return {
        "auto_remove": False,  # a container that died still says why; `remove` takes it away later
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,mode=1777,size={int(docker.temporary)}"},  # noqa: S108
        "shm_size": int(docker.shared_memory),
        "memswap_limit": int(docker.memory),  # memory and swap together: no swap
        "pids_limit": docker.processes,
        "ulimits": [
            Ulimit(name="nofile", soft=files, hard=files),
            Ulimit(name="fsize", soft=size, hard=size),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # the engine would hand a name that it does not know to the host's own resolver: a way out
        "dns": ["127.0.0.1"],
        "dns_opt": ["timeout:1", "attempts:1"],
        "log_config": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
    }


def running_leases(client: APIClient, prefix: str) -> dict[str, str]:
    """Which running container has which device: device by holder."""
    containers = client.containers(filters={"label": [f"genai-lab.hub={prefix}", "genai-lab.gpu"]})
    return {
        container["Labels"]["genai-lab.server"]: container["Labels"]["genai-lab.gpu"]
        for container in containers
    }


class ContainerLab(DockerSpawner):
    """One student's lab in a container, with a GPU if they chose one and got it."""

    gpus = Instance(Allocator, help="Who lends the GPUs").tag(config=True)
    confinement = Dict(help="What `host_config` gives").tag(config=True)
    patience = Integer(120, help="Seconds until a lab must have answered for the first time").tag(config=True)

    language: Language = "en"  # of who asked for this lab
    decided = False  # whether it is known where this lab runs
    device: str | None = None  # the leased one
    opened = False  # whether this lab has answered
    ended: dict[str, str] | None = (
        None  # how the last one ended, if not by being closed: a key, and its values
    )
    asked: "asyncio.Future[Any] | None" = None  # what the engine was asked at the start: to make a container

    @default("remove")
    def _remove(self) -> bool:
        return True

    @default("pull_policy")
    def _pull_policy(self) -> str:
        return "never"  # an image of that name in a public registry may be anybody's

    @default("options_form")
    def _options_form(self) -> Callable[["ContainerLab"], Markup]:
        return lambda spawner: spawner.form(language_of(spawner.handler))

    @default("options_from_form")
    def _options_from_form(self) -> Callable[[dict[str, list[str]]], dict[str, str]]:
        return choice.from_form

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
        """By which a restarted hub knows whose a running container is, and on which GPU."""
        labels = {"genai-lab.hub": self.prefix, "genai-lab.server": self.holder}
        return {**labels, "genai-lab.gpu": self.device} if self.device else labels

    @property
    def device_requests(self) -> list[DeviceRequest]:
        if self.device is None:
            return []
        return [DeviceRequest(device_ids=[self.device], capabilities=[["gpu", "compute", "utility"]])]

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        more = {"gpu": self.device, "ended": self.ended}
        return state | {name: value for name, value in more.items() if value}

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.device, self.ended = state.get("gpu"), state.get("ended")
        self.opened = bool(self.object_id)

    def clear_state(self) -> None:
        super().clear_state()
        self.device = None

    def form(self, language: Language) -> Markup:
        """How the last lab ended, where there is something to say, and the choice; empty without both."""
        html = choice.form(self.gpus, language)
        if self.ended:
            values = {name: value for name, value in self.ended.items() if name != "key"}
            words = translator("hub", language)(f"docker.{self.ended['key']}", **values)
            html = Markup('<p class="alert alert-warning" role="status">{}</p>').format(words) + html
        return html

    def get_env(self) -> dict[str, str]:
        env: dict[str, str] = super().get_env()
        if self.device is None:
            # also where the engine's default runtime would give every container every card
            env |= {"GENAI_DEVICE": "cpu", "NVIDIA_VISIBLE_DEVICES": "void"}
        return env

    async def run_pre_spawn_hook(self) -> None:
        """Get a GPU, as the student chose; the hub does not count this time as the start's."""
        self.language, self.decided = language_of(self.handler), False
        self.opened, self.ended = False, None
        wanted = choice.chosen(self.user_options, self.gpus, self.language)
        lease = None
        if wanted == "gpu":
            lease = await self.gpus.lease(self.holder)
        elif wanted == "any":
            lease = self.gpus.try_lease(self.holder)
        self.device = lease.device if lease else None
        self.decided = True

    async def start(self) -> tuple[str, int]:
        """Start the container and wait until the lab answers. Raises SpawnException that says why not."""
        self.asked = asyncio.ensure_future(super().start())
        try:
            address: tuple[str, int] = await asyncio.shield(self.asked)
        except ImageNotFound as error:
            raise self._failure("no_image", image=self.image) from error
        except APIError as error:
            raise self._failure("refused", reason=reason(str(error.explanation))) from error
        except (DockerException, RequestException) as error:
            raise self._failure("engine_gone") from error
        if self.device is None:
            self.gpus.give_back(self.holder)  # of a container that could not be stopped, and is gone now
        await self._answers(address)
        self.opened = True
        return address

    async def _answers(self, address: tuple[str, int]) -> None:
        """Wait until the lab answers as the hub will ask it. Raises SpawnException for one that does not."""
        url = url_path_join(f"http://{address[0]}:{address[1]}", self.server.base_url, "api")
        up = asyncio.ensure_future(wait_for_http_server(url, timeout=self.patience))
        try:
            while not up.done():
                await asyncio.wait([up], timeout=LOOK_AGAIN)
                if not up.done() and await self.poll() is not None:
                    raise await self._ended()
            await up
        except TimeoutError as error:
            raise self._failure("silent", seconds=self.patience, reason=await self._said() or "—") from error
        finally:
            up.cancel()

    async def _ended(self) -> SpawnException:
        """Why a lab's container ended before it answered: the engine's word, or the lab's own last line."""
        if await self._out_of_memory():
            return self._failure("out_of_memory", memory=self.memory)
        said = await self._said()
        t = translator("hub", self.language)
        return SpawnException(
            t("spawn.said", reason=said) if said else t("spawn.silent"), reason="exited", status_code=500
        )

    @property
    def memory(self) -> str:
        """What a lab may have, in GiB."""
        return f"{self.mem_limit / 2**30:.3g}"

    async def _out_of_memory(self) -> bool:
        state = (await self.get_object() or {}).get("State", {})
        return bool(state.get("OOMKilled"))

    async def _said(self) -> str:
        try:
            log: bytes = await self.docker("logs", self.object_name, tail=TAIL)
        except APIError:
            return ""  # the container is gone
        return reason(log.decode("utf-8", "replace"), hide=[self.api_token])

    def _failure(self, key: str, **values: object) -> SpawnException:
        message = translator("hub", self.language)(f"docker.{key}", **values)
        return SpawnException(message, reason=key, status_code=500)

    async def remove_object(self) -> None:
        """Remove the container, also a running one; never the student's volume, which has a name."""
        try:
            await self.docker("remove_container", self.object_id, v=True, force=True)
        except APIError as error:
            if error.status_code not in (404, 409):  # gone already, or just going
                raise

    async def run_post_stop_hook(self) -> None:
        """Take away what is left, and only then give the GPU back: what could not be removed keeps it.

        A start that was cancelled is waited for: the engine goes on with what it was asked.
        """
        if self.asked:
            await asyncio.wait([self.asked])
            self.log.debug("%s: %s", self.object_name, self.asked.exception() or "was started")
        if await self.get_object():
            if self.opened:  # it was not closed, as then it would be gone
                self.ended = await self._end()
            await self.remove_object()
        self.gpus.give_back(self.holder)

    async def _end(self) -> dict[str, str]:
        if await self._out_of_memory():
            return {"key": "ended_memory", "memory": self.memory}
        return {"key": "ended", "reason": await self._said() or "—"}

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        said = ""
        while not self.decided:
            position = self.gpus.position(self.holder)
            text = choice.waiting_text(self.gpus, position, self.language) if position else said
            if text != said:
                yield {"progress": 10, "message": text, "position": position}
                said = text
            await asyncio.sleep(LOOK_AGAIN)
        yield {"progress": 50, "message": self._where()}

    def _where(self) -> str:
        t = translator("hub", self.language)
        if not self.gpus.devices:
            return t("docker.starting")
        return t("gpus.granted") if self.device else t("gpus.on_processor")
