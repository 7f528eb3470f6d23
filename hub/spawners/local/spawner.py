"""The spawner for labs that are processes of this machine, all under one account.

Students are kept apart by the lab's own access control, not by the operating system. Labs start a few
at a time, one per processor: the first is ready at once, and the last is ready no later than if all
had started together.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import psutil
from jupyterhub.spawner import SimpleLocalProcessSpawner, SpawnException
from jupyterhub.utils import can_connect, maybe_future, random_port
from traitlets import Unicode

from exercises.i18n import Translate, translator
from hub.language import language_of
from hub.spawners.failures import failure_from_log_file
from hub.spawners.local.start_queue import StartQueue
from hub.user_names import folder_name

_START_TIME_TOLERANCE = 2  # seconds by which two readings of the same process's start time may differ


class LocalLab(SimpleLocalProcessSpawner):  # type: ignore[misc]
    """One lab as a process. Its files are in `homes`, its output is in `logs`."""

    homes = Unicode(help="The folder of the students' homes").tag(config=True)
    logs = Unicode(help="The folder of the labs' logs").tag(config=True)

    _has_turn = False
    start_queue: ClassVar[StartQueue] = StartQueue(os.cpu_count() or 1)

    @property
    def home(self) -> Path:
        return Path(self.homes) / folder_name(self.user.name)

    @property
    def log_file(self) -> Path:
        return Path(self.logs) / f"{folder_name(self.user.name)}.log"

    def make_preexec_fn(self, name: str) -> None:
        """Return no function to run between fork and exec: `start` makes the home, and Popen enters it."""

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        home = str(self.home)
        return env | {"USER": self.user.name, "HOME": home, "GENAI_WORK": str(self.home / "work")}

    async def run_pre_spawn_hook(self) -> None:
        """Wait for this lab's turn. The hub does not count this time as part of the start."""
        await maybe_future(super().run_pre_spawn_hook())  # what is configured, such as the opening dates
        await self.start_queue.acquire(self)
        self._has_turn = True

    async def start(self) -> tuple[str, int]:
        """Start the lab and wait until it answers. Raises SpawnException with the lab's last log line."""
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
            await self._wait_until_listening()
            return address
        finally:
            self._end_turn()

    async def run_post_stop_hook(self) -> None:
        """End the turn of a lab whose start failed before it began; the hub calls this after each failure."""
        self._end_turn()

    def _end_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self.start_queue.release()

    async def _wait_until_listening(self) -> None:
        """Wait until the lab's port is open. Raises SpawnException if the lab ends or takes too long.

        The port is tried every 0.1 s, because JupyterHub's own check doubles its pauses up to five
        seconds, which a student would notice. JupyterHub still makes its own check afterwards.
        """
        deadline = time.monotonic() + self.http_timeout
        while not can_connect("127.0.0.1", self.port):
            if await self.poll() is not None:
                raise self._exited()
            if time.monotonic() > deadline:
                message = self._texts()("spawn.slow", seconds=self.http_timeout)
                raise SpawnException(message, reason="timeout", status_code=500)
            await asyncio.sleep(0.1)

    def _exited(self) -> SpawnException:
        """The exception for a lab whose process ended before it listened."""
        t = self._texts()
        failure = failure_from_log_file(self.log_file, hide=[self.api_token])
        message = t("spawn.said", reason=failure) if failure else t("spawn.silent")
        return SpawnException(message, reason="exited", status_code=500)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        t = self._texts()
        while position := self.start_queue.position(self):
            yield {"progress": 10, "message": t("local.waiting", count=position)}
            while self.start_queue.position(self) == position:
                await asyncio.sleep(0.5)
        yield {"progress": 50, "message": t("local.starting")}

    def _texts(self) -> Translate:
        return translator("hub", language_of(self.handler))

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        if self.pid and (started := _start_time(self.pid)):
            state["pid_started"] = started
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Forget the process if its number now belongs to another process, which started later."""
        super().load_state(state)
        started = _start_time(state.get("pid", 0)) or 0
        if abs(started - state.get("pid_started", 0)) > _START_TIME_TOLERANCE:
            self.pid = 0


def _start_time(pid: int) -> float | None:
    """Return when a process began, in seconds since 1970, or None if there is no such process."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None
