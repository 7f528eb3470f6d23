"""The spawner for labs that are jobs of a Slurm cluster, based on batchspawner's SlurmSpawner.

Only the job's id and state, and how they are stored, are used from batchspawner. Two of its features
are replaced because they are unsafe: it runs Slurm through a shell, and its API handler
(`/api/batchspawner`) lets anyone who holds a lab's token set any attribute of the spawner, including
the commands that the hub runs. Here commands are lists of arguments, and a job can report a single
number, its port, once, while its start waits for it.
"""

import asyncio
import hmac
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

from exercises.i18n import Language, Translate, translator
from hub.language import language_of
from hub.spawners.failures import failure_from_log_file
from hub.spawners.slurm import commands, messages
from hub.spawners.slurm.accounts import Account, HubAccount, NoAccount, StudentAccount
from hub.spawners.slurm.commands import SlurmFailed
from hub.spawners.slurm.form import options_form
from hub.spawners.slurm.job import LOG, Choice, ChoiceRefused, choice_from_options
from hub.spawners.slurm.queue import Job, Queue, QueueUnreadable, Snapshot
from hub.spawners.slurm.settings import NONE, SlurmSettings
from hub.user_names import folder_name

# Importing batchspawner adds its API handler to JupyterHub's own.
default_handlers[:] = [handler for handler in default_handlers if handler[1] is not BatchSpawnerAPIHandler]

STOP_SECONDS = 90  # how long a job's end is waited for; Slurm itself kills a job that does not end


class SlurmLab(SlurmSpawner):
    """One student's lab as a job. How the last job ended is remembered until the next lab is open."""

    settings: Any = Instance(SlurmSettings).tag(config=True)
    homes = Unicode(help="The folder of the students' homes, with the hub's own account").tag(config=True)

    queue: ClassVar[Queue | None] = None  # shared by all spawners

    _choice: Choice | None = None
    _submission: "asyncio.Task[str] | None" = None
    _reported_port: "asyncio.Future[int] | None" = None  # exists only while a start waits for the report
    _submitted_at = 0.0  # by the monotonic clock
    _is_open = False  # whether the lab has answered since its start
    _last_end: dict[str, str] | None = None  # `state` and `at` of a job that was not stopped by its student

    # ---- the student's choice

    async def options_form(self, spawner: "SlurmLab") -> str:
        language = language_of(self.handler)
        last_options = self.orm_spawner.user_options or {}
        return options_form(self.settings, language, self._last_end_notice(language), last_options)

    def options_from_form(self, form: Mapping[str, list[str]]) -> dict[str, object]:
        """Check the form's fields. Raises SpawnException."""
        return self._checked_choice(form).model_dump()

    def apply_user_options(self, spawner: "SlurmLab", options: Mapping[str, object]) -> None:
        """Check the options from the form or the Hub's API, before each start. Raises SpawnException."""
        self._choice = self._checked_choice(options)

    def _checked_choice(self, options: Mapping[str, object]) -> Choice:
        language = language_of(self.handler)
        try:
            return choice_from_options(options, self.settings, language)
        except ChoiceRefused as error:
            t = translator("hub", language)
            label = t(f"slurm.{error.field}")
            raise SpawnException(t("slurm.not_offered", field=label), reason="choice") from error

    # ---- the account

    @property
    def account(self) -> Account:
        if self.settings.accounts == "students":
            return StudentAccount(self.user.name)
        return HubAccount(Path(self.homes) / folder_name(self.user.name))

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        return env | self.account.variables()

    # ---- the start

    async def start(self) -> tuple[str, int]:
        """Submit the job, wait in the queue, and wait until the lab answers. Raises SpawnException."""
        choice = self._choice or self._checked_choice({})
        self._last_end, self._is_open = None, False
        self._reported_port = asyncio.get_running_loop().create_future()
        try:
            # Shielded, because a start that is stopped here must still learn the id of an accepted job.
            self._submission = asyncio.ensure_future(self._submit(choice))
            self.job_id = await asyncio.shield(self._submission)
            self._store_state()
            await self._wait_in_queue()
            return await self._wait_until_open(self._reported_port)
        finally:
            self._reported_port = None

    async def _submit(self, choice: Choice) -> str:
        """Submit the job and return its id. Raises SpawnException."""
        self.log.info("Submitting a job for %s: %s", self._log_name, choice)
        try:
            output = await commands.submit(self.account, choice, self.settings, self.get_env())
            job_id = str(self.parse_job_id(output))
        except NoAccount as error:
            raise self._failure("slurm.no_account", name=self.user.name) from error
        except (SlurmFailed, ValueError, IndexError) as error:
            raise self._failure("slurm.refused", reason=str(error)) from error
        self._submitted_at = time.monotonic()
        return job_id

    async def _wait_in_queue(self) -> None:
        deadline = time.monotonic() + self.settings.queue_hours * 3600
        while (await self._unfinished_job()).waiting:
            if time.monotonic() > deadline:
                raise self._failure("slurm.waited", hours=f"{self.settings.queue_hours:g}")
            await asyncio.sleep(self.settings.look_seconds)

    async def _wait_until_open(self, reported_port: "asyncio.Future[int]") -> tuple[str, int]:
        """Wait until the job has reported its port and the lab answers there."""
        job = await self._unfinished_job()
        deadline = time.monotonic() + self.settings.start_seconds
        while not reported_port.done():
            if time.monotonic() > deadline:
                raise self._failure("slurm.silent", seconds=self.settings.start_seconds)
            await asyncio.wait([reported_port], timeout=self.settings.look_seconds)
            job = await self._unfinished_job()
        self.ip, self.port = job.host, reported_port.result()
        url = url_path_join(f"http://{self.ip}:{self.port}", self.server.base_url, "api")
        answer = asyncio.ensure_future(wait_for_http_server(url, timeout=self.settings.start_seconds))
        try:
            while not answer.done():
                await asyncio.wait([answer], timeout=self.settings.look_seconds)
                await self._unfinished_job()  # raises at once if the job ends, instead of after the timeout
            await answer
        except TimeoutError as error:
            raise self._failure("slurm.silent", seconds=self.settings.start_seconds) from error
        finally:
            answer.cancel()
        self._is_open = True
        return self.ip, self.port

    async def _unfinished_job(self) -> Job:
        """Return the job while it waits or runs. Raises SpawnException as soon as it has ended."""
        while True:
            try:
                job = (await self._snapshot()).jobs.get(self.job_id)
            except QueueUnreadable as error:
                self.log.warning("Slurm's queue cannot be read: %s", error)
                await asyncio.sleep(self.settings.look_seconds)
                continue
            if job is None or job.ended:
                self._remember_end(job)
                line = self._last_log_line()
                if line:
                    raise self._failure("slurm.lab_said", reason=line)
                raise self._failure("slurm.ended_early", why=messages.end_message(self._t, _state_of(job)))
            return job

    def report_port(self, token: str, port: int) -> bool:
        """Accept a job's port. Return false if no start waits for it, or if the token is wrong."""
        waiting = self._reported_port
        if waiting is None or waiting.done() or not hmac.compare_digest(token, self.api_token):
            return False
        waiting.set_result(port)
        return True

    # ---- while it runs, and the end

    async def poll(self) -> int | None:
        """Return None while the job waits or runs, or while Slurm does not answer; else 1."""
        if not self.job_id:
            return 1
        try:
            job = (await self._snapshot()).jobs.get(self.job_id)
        except QueueUnreadable as error:
            self.log.warning("Slurm's queue cannot be read: %s", error)
            return None
        if job is None or job.ended:
            self._remember_end(job)
            return 1
        if not self._is_open and self._reported_port is None:
            # The hub was killed while this job waited, so no browser waits for the lab any more.
            await self._cancel()
            self._last_end = {"state": messages.HUB_RESTARTED, "at": _now()}
            return 1
        return None

    async def stop(self, now: bool = False) -> None:
        """Cancel the job and wait until its processes have ended. Raises SlurmFailed."""
        if self._submission is not None and not self._submission.done():
            self.job_id = await self._submission
        if not self.job_id:
            return
        await self._cancel()
        if now:
            return
        cancelled_at = time.monotonic()
        while time.monotonic() < cancelled_at + STOP_SECONDS:
            try:
                job = (await self._snapshot(cancelled_at)).jobs.get(self.job_id)
            except QueueUnreadable:
                pass  # whether the job has ended is not known yet
            else:
                if job is None or job.ended:
                    return
            await asyncio.sleep(self.settings.look_seconds)
        self.log.warning("Job %s of %s does not end", self.job_id, self._log_name)

    async def _cancel(self) -> None:
        self.log.info("Cancelling job %s of %s", self.job_id, self._log_name)
        await commands.cancel(self.account, self.job_id)

    async def _snapshot(self, since: float = 0) -> Snapshot:
        """Read the queue as it was after this lab's submission, or after `since`. Raises QueueUnreadable."""
        if SlurmLab.queue is None:
            partitions = self.settings.partitions
            SlurmLab.queue = Queue(lambda: commands.read_queue(partitions), self.settings.look_seconds)
        return await SlurmLab.queue.snapshot(max(since, self._submitted_at))

    # ---- what students are told

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """Yield an event whenever the waiting page's text changes."""
        last = None
        while True:
            event = await self._progress_event()
            if event != last:
                yield event
                last = event
            await asyncio.sleep(self.settings.look_seconds)

    async def _progress_event(self) -> dict[str, Any]:
        if not self.job_id:
            return {"progress": 5, "message": self._t("slurm.submitting")}
        try:
            snapshot = await self._snapshot()
        except QueueUnreadable:
            return {"message": self._t("slurm.unreadable")}
        return messages.progress_event(self._t, snapshot, snapshot.jobs.get(self.job_id))

    @property
    def _language(self) -> Language:
        return self._choice.language if self._choice else language_of(self.handler)

    def _t(self, key: str, /, **values: object) -> str:
        text: Translate = translator("hub", self._language)
        return text(key, **values)

    def _failure(self, key: str, **values: object) -> SpawnException:
        return SpawnException(self._t(key, **values), reason=key.removeprefix("slurm."), status_code=500)

    def _last_log_line(self) -> str:
        """Return the last meaningful line of the job's log, or "" if the hub must not read the file."""
        account = self.account
        return failure_from_log_file(account.home / LOG, hide=[self.api_token]) if account.trusted else ""

    def _remember_end(self, job: Job | None) -> None:
        if self._last_end is None:
            self._last_end = {"state": _state_of(job), "at": _now()}

    def _last_end_notice(self, language: Language) -> str:
        """Say on the form how the last lab ended; return "" if there is nothing to say."""
        if not self._last_end:
            return ""
        t = translator("hub", language)
        at = messages.time_of_day(t, datetime.fromisoformat(self._last_end["at"]).astimezone())
        return t("slurm.ended", at=at, why=messages.end_message(t, self._last_end["state"]))

    # ---- what JupyterHub keeps in its database

    def _store_state(self) -> None:
        """Store the state at once, so that a hub that is killed now finds the job at its next start."""
        self.orm_spawner.state = self.get_state()
        session = object_session(self.orm_spawner)
        if session is not None:
            session.commit()

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        if self.job_id:
            state |= {"open": self._is_open}
            if self._choice and self._choice.gres != NONE:
                state["gpu"] = self._choice.gres
        if self._last_end:
            state["ended"] = self._last_end
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self._is_open = bool(state.get("open"))
        self._last_end = state.get("ended")

    def clear_state(self) -> None:
        """Clear everything but how the last job ended, because the student has not been told yet."""
        super().clear_state()
        self._is_open, self._submission = False, None


def _state_of(job: Job | None) -> str:
    return job.state if job else messages.UNKNOWN_STATE


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
