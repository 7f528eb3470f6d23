"""Labs as processes of this machine, all under one account: for trying out, and for tests.

Students are kept apart by the lab's own gate, not by the operating system. Labs start a few at a time,
one per processor: so the first is there at once, and the last no later than if all had started together.
"""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import psutil
from jupyterhub.spawner import SimpleLocalProcessSpawner, SpawnException
from jupyterhub.utils import can_connect, random_port
from traitlets import Unicode
from traitlets.config import Config

from exercises.i18n import Translate, translator
from hub.language import language_of
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings
from hub.spawners.reasons import reason_in_file

_UNSAFE = re.compile(r"[^\w.@+-]|^\.")
_SAME_SECOND = 2  # how far two readings of one process's start may lie apart


def configure(c: Config, settings: HubSettings) -> None:
    state = settings.state.resolve()
    c.JupyterHub.spawner_class = LocalLab
    c.JupyterHub.cleanup_servers = True  # processes of this account: closed with the hub
    c.LocalLab.homes = str(state / "homes")
    c.LocalLab.logs = str(state / "logs")
    c.LocalLab.cmd = [sys.executable, "-m", "genai_lab", "serve"]
    c.LocalLab.env_keep = ["PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH"]
    # many labs on few cores: threads would only wait
    c.LocalLab.environment = {**lab_settings(), "OMP_NUM_THREADS": "1"}
    c.LocalLab.start_timeout = 600  # with the wait for others


def folder_name(user: str) -> str:
    """A name for a user's folder that is one path component, never hidden, and nobody else's."""
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found.group().encode()), user)


class Turns:
    """At most `at_once` starts at a time, in the order they came."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting: list[object] = []

    def before(self, who: object) -> int:
        """How many wait for their turn before this one, itself included; 0 once it is its turn."""
        return self._waiting.index(who) + 1 if who in self._waiting else 0

    async def take(self, who: object) -> None:
        """Wait for one's turn."""
        self._waiting.append(who)
        try:
            await self._free.acquire()
        finally:
            self._waiting.remove(who)

    def give_back(self) -> None:
        self._free.release()


class LocalLab(SimpleLocalProcessSpawner):  # type: ignore[misc]
    """One lab as a process; its files in `homes`, what it prints in `logs`."""

    homes = Unicode(help="The folder of the students' homes").tag(config=True)
    logs = Unicode(help="The folder of the labs' logs").tag(config=True)

    turns: ClassVar[Turns] = Turns(os.cpu_count() or 1)

    @property
    def home(self) -> Path:
        return Path(self.homes) / folder_name(self.user.name)

    @property
    def log_file(self) -> Path:
        return Path(self.logs) / f"{folder_name(self.user.name)}.log"

    def make_preexec_fn(self, name: str) -> None:
        """Nothing to do between fork and exec: the home is made before, and Popen enters it."""

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        home = str(self.home)
        return env | {"USER": self.user.name, "HOME": home, "GENAI_WORK": str(self.home / "work")}

    async def start(self) -> tuple[str, int]:
        """Start the lab and wait until it answers. Raises SpawnException with what the lab said at last."""
        await self.turns.take(self)
        try:
            self.port = random_port()
            for folder in (self.home, self.log_file.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            if self.log_file.exists():
                self.log_file.replace(self.log_file.with_suffix(".previous.log"))
            with self.log_file.open("xb") as log:
                self.popen_kwargs = {"cwd": self.home, "stdout": log, "stderr": subprocess.STDOUT}
                address: tuple[str, int] = await super().start()
            await self._answers()
            return address
        finally:
            self.turns.give_back()

    async def _answers(self) -> None:
        """Wait until the lab listens; the Hub then asks it itself. Raises SpawnException if it does not.

        Looked at often: JupyterHub's own waiting doubles its pauses up to five seconds, which one feels.
        """
        until = time.monotonic() + self.http_timeout
        while not can_connect("127.0.0.1", self.port):
            if await self.poll() is not None:
                raise self._failure()
            if time.monotonic() > until:
                message = self._texts()("spawn.slow", seconds=self.http_timeout)
                raise SpawnException(message, reason="timeout", status_code=500)
            await asyncio.sleep(0.1)

    def _failure(self) -> SpawnException:
        t = self._texts()
        said = reason_in_file(self.log_file, hide=[self.api_token])
        message = t("spawn.said", reason=said) if said else t("spawn.silent")
        return SpawnException(message, reason="exited", status_code=500)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        t = self._texts()
        while before := self.turns.before(self):
            yield {"progress": 10, "message": t("local.waiting", count=before)}
            while self.turns.before(self) == before:
                await asyncio.sleep(0.5)
        yield {"progress": 50, "message": t("local.starting")}

    def _texts(self) -> Translate:
        return translator("hub", language_of(self.handler))

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        if self.pid and (started := _started(self.pid)):
            state["pid_started"] = started
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """A process number alone may by now be another process's: then the lab does not run any more."""
        super().load_state(state)
        started = _started(state.get("pid", 0)) or 0
        if abs(started - state.get("pid_started", 0)) > _SAME_SECOND:
            self.pid = 0


def _started(pid: int) -> float | None:
    """When a process began, in seconds since 1970; None where there is no such process."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None
