"""Tests of the spawner without a hub: a job's account, and how Slurm's answers are handled."""

import asyncio
import json
import os
import pwd
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.apihandlers import default_handlers
from jupyterhub.objects import Hub
from jupyterhub.spawner import SpawnException
from traitlets.config import Config

from hub.settings import HubSettings
from hub.spawners.slurm import configuration
from hub.spawners.slurm.commands import PASSED_ON
from hub.spawners.slurm.configuration import SlurmError
from hub.spawners.slurm.job import Choice
from hub.spawners.slurm.queue import Queue, QueueUnreadable
from hub.spawners.slurm.settings import SlurmSettings
from hub.spawners.slurm.spawner import SlurmLab
from tests.hub.spawners.slurm.cluster import Cluster
from tests.hub.spawners.slurm.student import wait_until

CHOICE = Choice(partition="lab", minutes=1, memory=1, gres="none", language="en")
RUNNING = "7|lab|RUNNING|node1|2026-11-20T10:00:00|0.9|None"
TOKEN = "the-lab-s-own-token"


def spawner(student: str = "jane", **settings: Any) -> SlurmLab:
    """Make a spawner without a hub."""
    config = Config()
    config.SlurmLab.settings = SlurmSettings(
        _env_file=None, **{"partitions": "lab", "memory": "1"} | settings
    )
    config.SlurmLab.env_keep = list(PASSED_ON)
    config.SlurmLab.environment = {"PATH": os.environ["PATH"]}
    made = SlurmLab(
        config=config,
        user=SimpleNamespace(name=student, escaped_name=student, id=1, url=f"/user/{student}/"),
        hub=Hub(ip="127.0.0.1", port=8081, base_url="/hub/"),
        orm_spawner=SimpleNamespace(name="", server=None, user_options={}, state=None),
        api_token=TOKEN,
        oauth_client_id="a-client",
        public_url="",
        public_hub_url="",
    )
    made._choice = CHOICE
    return made


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str | Exception]:
    """The answers of `squeue`, used in order; the last one is repeated."""
    told: list[str | Exception] = [RUNNING]

    async def read() -> str:
        answer = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(SlurmLab, "queue", Queue(read, pause=0))
    return told


def running(state: dict[str, Any] | None = None) -> SlurmLab:
    lab = spawner()
    lab.load_state({"job_id": "7", "open": True} | (state or {}))
    return lab


def test_a_lab_is_not_given_up_while_slurm_does_not_answer(answers: list[str | Exception]) -> None:
    answers[:] = [QueueUnreadable("Unable to contact slurm controller")]
    assert asyncio.run(running().poll()) is None


def test_a_job_that_slurm_knows_no_longer_has_ended(answers: list[str | Exception]) -> None:
    answers[:] = [""]
    lab = running()
    assert asyncio.run(lab.poll()) == 1
    assert "The cluster no longer knows why." in lab._last_end_notice("en")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("OUT_OF_MEMORY", "needed more memory"),
        ("NODE_FAIL", "The computer it ran on failed"),
        ("PREEMPTED", "a job that goes first"),
        ("FAILED", "stopped with an error"),
    ],
)
def test_why_a_job_ended_is_kept_until_the_next_lab(
    answers: list[str | Exception], state: str, told: str
) -> None:
    answers[:] = [RUNNING.replace("RUNNING", state)]
    lab = running()
    assert asyncio.run(lab.poll()) == 1
    lab.clear_state()
    kept = json.loads(json.dumps(lab.get_state()))
    assert "job_id" not in kept
    later = spawner()
    later.load_state(kept)
    assert told in later._last_end_notice("en")
    assert "conservé" in later._last_end_notice("fr")


def test_a_running_lab_survives_a_restart_of_the_hub(answers: list[str | Exception]) -> None:
    lab = running()
    again = spawner()
    again.load_state(json.loads(json.dumps(lab.get_state())))
    assert asyncio.run(again.poll()) is None
    assert again.job_id == "7"


def test_who_holds_a_card_is_known() -> None:
    lab = running()
    lab._choice = CHOICE.model_copy(update={"gres": "gpu:1"})
    assert lab.get_state()["gpu"] == "gpu:1"
    lab.clear_state()
    assert "gpu" not in lab.get_state()


def test_only_the_one_token_is_let_in_and_once() -> None:
    async def report() -> list[bool]:
        lab = spawner()
        before = lab.report_port(TOKEN, 4000)
        lab._reported_port = asyncio.get_running_loop().create_future()
        accepted = [
            before,
            lab.report_port("another", 4000),
            lab.report_port(TOKEN, 4001),
            lab.report_port(TOKEN, 4002),
        ]
        assert lab._reported_port.result() == 4001
        return accepted

    assert asyncio.run(report()) == [False, False, True, False]


def test_batchspawner_s_own_door_is_shut() -> None:
    assert not [door for door in default_handlers if "batchspawner" in door[0]]


@pytest.mark.parametrize("student", ["root", "daemon", "nobody-of-this-name"])
def test_no_job_runs_under_an_account_that_is_no_student(student: str) -> None:
    lab = spawner(student, accounts="students")
    with pytest.raises(SpawnException, match="no account"):
        asyncio.run(lab._submit(CHOICE))


@pytest.mark.parametrize("authenticator", ["shared", "native"])
def test_students_accounts_need_a_login_that_proves_the_name(
    monkeypatch: pytest.MonkeyPatch, authenticator: str
) -> None:
    monkeypatch.setattr(configuration, "COMMANDS", ())
    monkeypatch.setenv("GENAI_HUB_SLURM_PARTITIONS", "lab")
    monkeypatch.setenv("GENAI_HUB_SLURM_ACCOUNTS", "students")
    with pytest.raises(SlurmError, match=authenticator):
        configuration.configure(Config(), HubSettings(_env_file=None, authenticator=authenticator))
    configuration.configure(Config(), HubSettings(_env_file=None, authenticator="oidc"))


def test_a_machine_without_slurm_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENAI_HUB_SLURM_PARTITIONS", "lab")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SlurmError, match="sbatch, squeue, scancel"):
        configuration.configure(Config(), HubSettings(_env_file=None))


def test_the_hub_listens_to_the_cluster_only_where_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration, "COMMANDS", ())
    monkeypatch.setenv("GENAI_HUB_SLURM_PARTITIONS", "lab")
    for address, bound in (("127.0.0.1", "127.0.0.1"), ("10.0.0.5", "10.0.0.5"), ("fd00::5", "[fd00::5]")):
        monkeypatch.setenv("GENAI_HUB_SLURM_HUB_ADDRESS", address)
        c = Config()
        configuration.configure(c, HubSettings(_env_file=None, api_port=8081))
        assert c.JupyterHub.hub_bind_url == f"http://{bound}:8081"


@pytest.mark.parametrize(("accounts", "code"), [("hub", "0"), ("students", None)])
def test_students_own_code_runs_only_under_accounts_of_their_own(
    monkeypatch: pytest.MonkeyPatch, accounts: str, code: str | None
) -> None:
    monkeypatch.setattr(configuration, "COMMANDS", ())
    monkeypatch.delenv("GENAI_CODE", raising=False)
    monkeypatch.setenv("GENAI_HUB_SLURM_PARTITIONS", "lab")
    monkeypatch.setenv("GENAI_HUB_SLURM_ACCOUNTS", accounts)
    c = Config()
    configuration.configure(c, HubSettings(_env_file=None, authenticator="oidc"))
    assert c.SlurmLab.environment.get("GENAI_CODE") == code


def test_a_job_runs_under_the_student_s_own_account(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This runs real sudo and a real job, under an account that every machine has and nobody uses."""
    if shutil.which("sudo") is None:
        pytest.skip("sudo is not installed")
    account = pwd.getpwnam("nobody")
    home = cluster.folder / "home"
    home.mkdir(mode=0o700)
    shutil.chown(home, account.pw_uid, account.pw_gid)
    program = cluster.folder / "python"
    program.write_text("#!/bin/sh\nid -u >uid\nenv >environment\nmv uid done\nsleep 300\n")
    program.chmod(0o755)
    at_home = pwd.struct_passwd((*account[:5], str(home), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: at_home)
    monkeypatch.setenv("SLURM_CONF", cluster.environment["SLURM_CONF"])
    lab = spawner("nobody", accounts="students", python=str(program))

    lab.job_id = asyncio.run(lab._submit(CHOICE))
    wait_until((home / "done").exists, "the job runs")
    assert (home / "done").read_text().strip() == str(account.pw_uid)
    variables = dict(line.split("=", 1) for line in _lines(home / "environment"))
    assert variables["JUPYTERHUB_API_TOKEN"] == TOKEN
    assert (variables["HOME"], variables["USER"]) == (str(home), "nobody")
    assert TOKEN not in " ".join(lab.account.command([], lab.get_env()))
    asyncio.run(lab._cancel())
    wait_until(lambda: lab.job_id in cluster.jobs("CANCELLED"), "the student's job is cancelled")


PENDING = "7|lab|PENDING|n/a|N/A|0.5|Resources"


@pytest.mark.parametrize(
    ("queue", "settings", "told"),
    [
        (PENDING, {"queue_hours": 0.0001}, "waited for 0.0001 h and was withdrawn"),
        (RUNNING, {"start_seconds": 1}, "did not open within 1 s"),
        (PENDING.replace("PENDING", "CANCELLED"), {}, "could not start. It was cancelled on the cluster"),
        ("", {}, "could not start. The cluster no longer knows why"),
    ],
)
def test_a_start_that_fails_says_why(
    monkeypatch: pytest.MonkeyPatch,
    answers: list[str | Exception],
    queue: str,
    settings: dict[str, Any],
    told: str,
) -> None:
    async def submit(self: SlurmLab, choice: Choice) -> str:
        return "7"

    answers[:] = [queue]
    monkeypatch.setattr(SlurmLab, "_submit", submit)
    monkeypatch.setattr(SlurmLab, "_store_state", lambda self: None)
    monkeypatch.setattr(SlurmLab, "_last_log_line", lambda self: "")
    with pytest.raises(SpawnException) as failed:
        asyncio.run(spawner(look_seconds=0.2, **settings).start())
    assert told in failed.value.message


@pytest.mark.parametrize(
    ("queue", "event"),
    [
        (PENDING, {"progress": 10, "position": 1}),
        (f"6|lab|PENDING|n/a|N/A|0.9|Resources\n{PENDING}", {"progress": 10, "position": 2}),
        (PENDING.replace("0.5", "0.0"), {"progress": 10}),
        (RUNNING, {"progress": 60}),
        (QueueUnreadable("Socket timed out"), {}),
    ],
)
def test_who_waits_is_told_where_they_stand(
    answers: list[str | Exception], queue: str | Exception, event: dict[str, int]
) -> None:
    answers[:] = [queue]
    told = asyncio.run(running()._progress_event())
    assert told.pop("message")
    assert told == event


def test_a_start_that_is_stopped_while_the_job_is_handed_over_leaves_no_job(
    monkeypatch: pytest.MonkeyPatch, answers: list[str | Exception]
) -> None:
    answers[:] = [RUNNING.replace("RUNNING", "CANCELLED")]
    cancelled: list[str] = []

    async def submit(self: SlurmLab, choice: Choice) -> str:
        await asyncio.sleep(0.2)
        return "7"

    async def cancel(self: SlurmLab) -> None:
        cancelled.append(self.job_id)

    monkeypatch.setattr(SlurmLab, "_submit", submit)
    monkeypatch.setattr(SlurmLab, "_cancel", cancel)

    async def stop_early() -> None:
        lab = spawner()
        starting = asyncio.create_task(lab.start())
        await asyncio.sleep(0.05)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        await lab.stop()

    asyncio.run(stop_early())
    assert cancelled == ["7"]


def _lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if "=" in line]
