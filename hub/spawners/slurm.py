"""Labs as jobs of a Slurm cluster, on batchspawner's SlurmSpawner.

Of batchspawner stay the job's id and state, and where they are kept. Its two doors are shut: it runs
Slurm through a shell, and the address it opens at the Hub (`/api/batchspawner`) lets whoever holds a
lab's token set any attribute of its spawner, the commands the Hub runs among them. Here commands are
lists of arguments, and a job can say one number, its port, once, while its start waits for it.
"""

import asyncio
import hmac
import os
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from batchspawner import SlurmSpawner
from batchspawner.api import BatchSpawnerAPIHandler
from jupyterhub.apihandlers import default_handlers
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import url_path_join, wait_for_http_server
from sqlalchemy.orm import object_session
from traitlets import Instance, Unicode
from traitlets.config import Config

from exercises.errors import CatalogueError
from exercises.i18n import Language, Translate, translator
from hub.language import language_of
from hub.settings import HubSettings
from hub.slurm import words
from hub.slurm.accounts import Account, HubAccount, NoAccount, OwnAccount
from hub.slurm.address import AddressHandler
from hub.slurm.commands import SlurmFailed, run
from hub.slurm.form import options_form
from hub.slurm.job import LOG, Choice, ChoiceRefused, choose, sbatch_arguments, script
from hub.slurm.queue import FORMAT, Job, Queue, QueueUnreadable, Snapshot
from hub.slurm.settings import NONE, SlurmSettings
from hub.spawners.environment import lab_settings
from hub.spawners.local import folder_name
from hub.spawners.reasons import reason_in_file

default_handlers[:] = [door for door in default_handlers if door[1] is not BatchSpawnerAPIHandler]

COMMANDS = ("sbatch", "squeue", "scancel")
STOPPING = 90  # seconds; Slurm itself kills a job that does not end
KEPT = ("LANG", "LC_ALL", "TZ", "SLURM_CONF")


class SlurmError(CatalogueError):
    """The hub cannot use the cluster as it was told to."""

    package = "hub"


def configure(c: Config, settings: HubSettings) -> None:
    """Raises SlurmError, and ValidationError for a setting that is missing or wrong."""
    slurm = SlurmSettings()
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        raise SlurmError("slurm.no_commands", names=", ".join(missing))
    if slurm.accounts == "students" and settings.authenticator in ("shared", "native"):
        raise SlurmError("slurm.unproven_names", authenticator=settings.authenticator)
    loopback = slurm.hub_address in ("127.0.0.1", "localhost", "::1")
    host = f"[{slurm.hub_address}]" if ":" in slurm.hub_address else slurm.hub_address
    c.JupyterHub.hub_bind_url = f"http://{'127.0.0.1' if loopback else host}:{settings.api_port}"
    c.JupyterHub.cleanup_servers = False  # jobs outlive a restart of the hub
    c.JupyterHub.spawner_class = SlurmLab
    c.JupyterHub.extra_handlers.append((r"/api/slurm/address", AddressHandler))
    c.SlurmLab.settings = slurm
    c.SlurmLab.homes = str((slurm.homes or settings.state / "homes").resolve())
    c.SlurmLab.env_keep = list(KEPT)
    c.SlurmLab.environment = {
        **lab_settings(),
        "PATH": slurm.path,
        "OMP_NUM_THREADS": str(slurm.cpus),
        **slurm.environment,
    }
    c.SlurmLab.start_timeout = int(slurm.queue_hours * 3600) + slurm.start_seconds + STOPPING
    c.SlurmLab.http_timeout = slurm.start_seconds
    c.SlurmLab.poll_interval = 10  # all labs share one look at the queue


class SlurmLab(SlurmSpawner):
    """One student's lab as a job. What Slurm did to the last one is remembered until the next is open."""

    settings: Any = Instance(SlurmSettings).tag(config=True)
    homes = Unicode(help="The folder of the students' homes, with the hub's own account").tag(config=True)

    queue: ClassVar[Queue | None] = None  # one for all spawners

    _choice: Choice | None = None
    _submission: "asyncio.Task[str] | None" = None
    _port: "asyncio.Future[int] | None" = None  # there while a start waits for the job's word
    _submitted = 0.0  # monotonic
    _open = False  # the lab has said where it listens
    _ended: dict[str, str] | None = None  # `state` and `at` of a job that Slurm ended

    # ---- the student's choice

    async def options_form(self, spawner: "SlurmLab") -> str:
        language = language_of(self.handler)
        last = self.orm_spawner.user_options or {}
        return options_form(self.settings, language, self._notice(language), last)

    def options_from_form(self, form: Mapping[str, list[str]]) -> dict[str, object]:
        """The form's fields, checked. Raises SpawnException."""
        choice = self._chosen(form)
        return choice.model_dump()

    def apply_user_options(self, spawner: "SlurmLab", options: Mapping[str, object]) -> None:
        """What a form or the Hub's API said, before each start. Raises SpawnException."""
        self._choice = self._chosen(options)

    def _chosen(self, options: Mapping[str, object]) -> Choice:
        language = language_of(self.handler)
        try:
            return choose(options, self.settings, language)
        except ChoiceRefused as error:
            t = translator("hub", language)
            label = t(f"slurm.{error.field}")
            raise SpawnException(t("slurm.not_offered", field=label), reason="choice") from error

    # ---- the account

    @property
    def account(self) -> Account:
        if self.settings.accounts == "students":
            return OwnAccount(self.user.name)
        return HubAccount(Path(self.homes) / folder_name(self.user.name))

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        return env | self.account.variables()

    # ---- the job

    async def start(self) -> tuple[str, int]:
        """Submit, wait in the queue, wait for the lab's word. Raises SpawnException with the reason."""
        choice = self._choice or self._chosen({})
        self._ended, self._open = None, False
        self._port = asyncio.get_running_loop().create_future()
        try:
            # shielded: a start that is stopped here must still learn the id of a job that was accepted
            self._submission = asyncio.ensure_future(self._submit(choice))
            self.job_id = await asyncio.shield(self._submission)
            self._keep_state()
            return await self._until_open(self._port)
        finally:
            self._port = None

    async def _submit(self, choice: Choice) -> str:
        """The job's id. Raises SpawnException."""
        self.log.info("Submitting a job for %s: %s", self._log_name, choice)
        try:
            env, home = self.get_env(), str(self.account.home)
            argv = [_command("sbatch"), *sbatch_arguments(choice, self.settings, home)]
            answer = await run(self.account.command(argv, env), env, script(self.settings))
            job_id = str(self.parse_job_id(answer))
        except NoAccount as error:
            raise self._failure("slurm.no_account", name=self.user.name) from error
        except (SlurmFailed, ValueError, IndexError) as error:
            raise self._failure("slurm.refused", reason=str(error)) from error
        self._submitted = time.monotonic()
        return job_id

    async def _until_open(self, word: "asyncio.Future[int]") -> tuple[str, int]:
        waited_until = time.monotonic() + self.settings.queue_hours * 3600
        job = await self._job()
        while job.waiting:
            if time.monotonic() > waited_until:
                raise self._failure("slurm.waited", hours=f"{self.settings.queue_hours:g}")
            await asyncio.sleep(self.settings.look_seconds)
            job = await self._job()
        said_until = time.monotonic() + self.settings.start_seconds
        while not word.done():
            if time.monotonic() > said_until:
                raise self._failure("slurm.silent", seconds=self.settings.start_seconds)
            await asyncio.wait([word], timeout=self.settings.look_seconds)
            job = await self._job()
        self.ip, self.port = job.host, word.result()
        url = url_path_join(f"http://{self.ip}:{self.port}", self.server.base_url, "api")
        answer = asyncio.ensure_future(wait_for_http_server(url, timeout=self.settings.start_seconds))
        try:
            while not answer.done():
                await asyncio.wait([answer], timeout=self.settings.look_seconds)
                await self._job()  # a job that ends now would otherwise be waited for in vain
            await answer
        except TimeoutError as error:
            raise self._failure("slurm.silent", seconds=self.settings.start_seconds) from error
        finally:
            answer.cancel()
        self._open = True
        return self.ip, self.port

    async def _job(self) -> Job:
        """The job as it now is, waiting or running. Raises SpawnException once it has ended."""
        while True:
            try:
                job = (await self._look()).jobs.get(self.job_id)
            except QueueUnreadable as error:
                self.log.warning("Slurm's queue cannot be read: %s", error)
                await asyncio.sleep(self.settings.look_seconds)
                continue
            if job is None or not (job.waiting or job.running):
                self._remember(job)
                said = self._said()
                if said:
                    raise self._failure("slurm.lab_said", reason=said)
                raise self._failure("slurm.ended_early", why=words.why(self._t, self._state_of(job)))
            return job

    def take_port(self, token: str, port: int) -> bool:
        """The lab's word from inside the job; false where nobody waits for it."""
        word = self._port
        if word is None or word.done() or not hmac.compare_digest(token, self.api_token):
            return False
        word.set_result(port)
        return True

    async def poll(self) -> int | None:
        """None while the job waits or runs, or while Slurm does not answer; else 1."""
        if not self.job_id:
            return 1
        try:
            job = (await self._look()).jobs.get(self.job_id)
        except QueueUnreadable as error:
            self.log.warning("Slurm's queue cannot be read: %s", error)
            return None
        if job is None or not (job.waiting or job.running):
            self._remember(job)
            return 1
        if not self._open and self._port is None:
            # the hub was killed while this job waited: no browser waits for it any more
            await self._cancel()
            self._ended = {"state": words.HUB_RESTARTED, "at": _now()}
            return 1
        return None

    async def stop(self, now: bool = False) -> None:
        """Cancel the job, and wait until its processes are gone. Raises SlurmFailed."""
        if self._submission is not None and not self._submission.done():
            self.job_id = await self._submission
        if not self.job_id:
            return
        await self._cancel()
        if now:
            return
        cancelled = time.monotonic()
        until = cancelled + STOPPING
        while time.monotonic() < until:
            try:
                job = (await self._look(cancelled)).jobs.get(self.job_id)
            except QueueUnreadable:
                job = None
            else:
                if job is None or not (job.waiting or job.running):
                    return
            await asyncio.sleep(self.settings.look_seconds)
        self.log.warning("Job %s of %s does not end", self.job_id, self._log_name)

    async def _cancel(self) -> None:
        self.log.info("Cancelling job %s of %s", self.job_id, self._log_name)
        env = self._slurm_env()
        await run(self.account.command([_command("scancel"), self.job_id], env), env)

    async def _look(self, since: float = 0) -> Snapshot:
        """The queue, as of after this lab's submission. Raises QueueUnreadable."""
        if SlurmLab.queue is None:
            SlurmLab.queue = Queue(self._squeue, self.settings.look_seconds)
        return await SlurmLab.queue.look(max(since, self._submitted))

    async def _squeue(self) -> str:
        partitions = ",".join(self.settings.partitions)
        argv = ["squeue", "--noheader", "--states=all", f"--partition={partitions}", f"--format={FORMAT}"]
        try:
            return await run([_command(argv[0]), *argv[1:]], self._slurm_env())
        except SlurmFailed as error:
            raise QueueUnreadable(str(error)) from error

    def _slurm_env(self) -> dict[str, str]:
        """For commands that need no secrets."""
        return {name: os.environ[name] for name in (*KEPT, "PATH") if name in os.environ}

    # ---- what is said

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Each change of the waiting page's text; `position` is the place in the queue, 1 is next."""
        said = None
        while True:
            event = await self._event()
            if event != said:
                yield event
                said = event
            await asyncio.sleep(self.settings.look_seconds)

    async def _event(self) -> dict[str, Any]:
        t = self._t
        if not self.job_id:
            return {"progress": 5, "message": t("slurm.submitting")}
        try:
            snapshot = await self._look()
        except QueueUnreadable:
            return {"message": t("slurm.unreadable")}
        job = snapshot.jobs.get(self.job_id)
        if job is None or not job.waiting:
            return {"progress": 60, "message": t("slurm.starting")}
        if job.held:
            return {"progress": 10, "message": t("slurm.held", reason=job.reason)}
        position = snapshot.position(job)
        message = words.waiting(t, position, job.start, job.reason)
        return {"progress": 10, "message": message, "position": position}

    @property
    def _language(self) -> Language:
        return self._choice.language if self._choice else language_of(self.handler)

    def _t(self, key: str, /, **values: object) -> str:
        text: Translate = translator("hub", self._language)
        return text(key, **values)

    def _failure(self, key: str, **values: object) -> SpawnException:
        return SpawnException(self._t(key, **values), reason=key.removeprefix("slurm."), status_code=500)

    def _said(self) -> str:
        """The last line of the job's log, where the hub may read it."""
        account = self.account
        return reason_in_file(account.home / LOG, hide=[self.api_token]) if account.trusted else ""

    @staticmethod
    def _state_of(job: Job | None) -> str:
        return job.state if job else words.UNKNOWN

    def _remember(self, job: Job | None) -> None:
        if self._ended is None:
            self._ended = {"state": self._state_of(job), "at": _now()}

    def _notice(self, language: Language) -> str:
        """What Slurm did to the last lab, for the page on which the next is asked for; empty for nothing."""
        if not self._ended:
            return ""
        t = translator("hub", language)
        at = words.clock(t, datetime.fromisoformat(self._ended["at"]).astimezone())
        return t("slurm.ended", at=at, why=words.why(t, self._ended["state"]))

    # ---- what is kept

    def _keep_state(self) -> None:
        """At once: a hub that is killed now must still find the job."""
        self.orm_spawner.state = self.get_state()
        session = object_session(self.orm_spawner)
        if session is not None:
            session.commit()

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        if self.job_id:
            state |= {"open": self._open}
            if self._choice and self._choice.gres != NONE:
                state["gpu"] = self._choice.gres
        if self._ended:
            state["ended"] = self._ended
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self._open = bool(state.get("open"))
        self._ended = state.get("ended")

    def clear_state(self) -> None:
        """All but what became of the last job: the student has yet to be told."""
        super().clear_state()
        self._open, self._submission = False, None


def _command(name: str) -> str:
    """The command by its full path: the job's PATH, which is in the environment, may be another."""
    return shutil.which(name) or name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
