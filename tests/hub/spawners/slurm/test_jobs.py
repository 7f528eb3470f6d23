"""Tests of jobs on a real hub and a real cluster: their start and end, their secrecy, and their messages.

Only the lab is a stand-in, which the project's own launcher starts in its place.
"""

import json
import signal
from pathlib import Path

import httpx2
import pytest

from tests.hub.conftest import RunningHub, StartHub, free_port
from tests.hub.spawners.slurm import standin
from tests.hub.spawners.slurm.cluster import Cluster
from tests.hub.spawners.slurm.student import Student, variables_of, wait_until

pytestmark = pytest.mark.timeout(600)
SHOWN_BY_SQUEUE = ("command", "comment", "name", "username", "wckey", "admin_comment")


@pytest.fixture(scope="module")
def settings(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("standin")
    return {
        "GENAI_HUB_SPAWNER": "slurm",
        "GENAI_HUB_SLURM_PARTITIONS": "lab,other",
        "GENAI_HUB_SLURM_MINUTES": "60,1",
        "GENAI_HUB_SLURM_MEMORY": "1,9999",
        "GENAI_HUB_SLURM_CPUS": "1",
        "GENAI_HUB_SLURM_LOOK_SECONDS": "0.5",
        "GENAI_HUB_SLURM_PYTHON": str(standin.write(folder / "python")),
        # The launcher finds the stand-in in the project's folder.
        "GENAI_HUB_SLURM_ENVIRONMENT": json.dumps({"PYTHONPATH": str(Path(__file__).parents[4])}),
        **cluster.environment,
    }


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, settings: dict[str, str]) -> RunningHub:
    return start_hub(**settings)


@pytest.fixture(scope="module")
def short(hub: RunningHub) -> Student:
    """A student whose lab may run for a minute. It starts before the other tests and ends during them."""
    student = Student.at(hub, "tim")
    student.ask(minutes="1")
    return student


@pytest.fixture(autouse=True)
def _started(short: Student) -> None:
    """Start that lab before every test."""


def test_stop_cancels_the_job(hub: RunningHub, cluster: Cluster) -> None:
    eve = Student.at(hub, "eve")
    eve.ask(partition="other")
    eve.until_open()
    assert eve.client.get("user/eve/").text == "a stand-in"
    (job,) = jobs_in(cluster, "other")
    assert eve.stop() in (202, 204)
    wait_until(lambda: job in cluster.jobs("CANCELLED"), "the job is cancelled")
    wait_until(lambda: "Your last lab" not in eve.form(), "and that needs no explanation")


def test_who_waits_can_give_up(hub: RunningHub, cluster: Cluster) -> None:
    holder, waiter = Student.at(hub, "fay"), Student.at(hub, "gus", language="fr")
    holder.ask(gres="gpu:1")
    holder.until_open()
    waiter.ask(gres="gpu:1", language="fr")
    told = waiter.events(lambda told: any("position" in event for event in told))
    assert "numéro 1 dans la file" in told[-1]["message"]
    (job,) = cluster.jobs("PENDING")
    assert waiter.stop() in (202, 204)
    wait_until(lambda: job in cluster.jobs("CANCELLED"), "the waiting job is cancelled")
    holder.stop()


def test_a_job_that_is_cancelled_on_the_cluster_is_explained(hub: RunningHub, cluster: Cluster) -> None:
    student = Student.at(hub, "hal")
    student.ask(partition="other")
    student.until_open()
    cluster.tool("scancel", *jobs_in(cluster, "other"))
    wait_until(lambda: "It was cancelled on the cluster" in student.form(), "the page says so")
    french = Student.at(hub, "hal", language="fr")
    assert "Il a été annulé sur la grappe" in french.form()
    student.ask(partition="other")
    student.until_open()
    student.stop()
    wait_until(
        lambda: "Server Options" in student.form() or 'id="slurm-gres"' in student.form(), "the form is back"
    )
    assert "It was cancelled" not in student.form(), "what was told is over with the next lab"


def test_what_the_cluster_refuses_is_said_with_its_reason(hub: RunningHub) -> None:
    ida = Student.at(hub, "ida")
    page = ida.ask(memory="9999")
    assert page.status_code == 500
    assert "The cluster did not take your lab" in page.text
    assert "Requested node configuration is not available" in page.text


def test_a_lab_that_cannot_open_says_why(hub: RunningHub) -> None:
    student = Student.at(hub, standin.CRASHES)
    student.ask()
    told = student.events(lambda told: bool(told[-1].get("failed") or told[-1].get("ready")))
    assert told[-1].get("failed"), told
    assert "the model is missing" in told[-1]["message"]
    assert "The lab itself stopped with an error" in student.form()


def test_a_lab_outlives_its_hub_and_who_waited_is_told(
    start_hub: StartHub, settings: dict[str, str], cluster: Cluster
) -> None:
    ports = {"GENAI_HUB_PORT": str(free_port()), "GENAI_HUB_API_PORT": str(free_port())}
    before = start_hub(**settings | ports)
    kim, leo = Student.at(before, "kim"), Student.at(before, "leo")
    kim.ask(partition="other", gres="gpu:1")
    kim.until_open()
    leo.ask(partition="other", gres="gpu:1")
    leo.events(lambda told: any("position" in event for event in told))
    running, waiting = jobs_in(cluster, "other"), jobs_in(cluster, "other", "PENDING")
    before.process.send_signal(signal.SIGKILL)
    before.process.wait()

    after = start_hub(before.state, **settings | ports)
    assert jobs_in(cluster, "other") == running
    kim = Student.at(after, "kim")
    wait_until(lambda: kim.client.get("user/kim/").text == "a stand-in", "the running lab is found again")
    wait_until(lambda: waiting[0] in cluster.jobs("CANCELLED"), "the job nobody waits for is withdrawn")
    leo = Student.at(after, "leo")
    wait_until(lambda: "The hub was restarted while your lab waited" in leo.form(), "and leo is told")
    kim.stop()
    wait_until(lambda: running[0] in cluster.jobs("CANCELLED"), "the lab can still be stopped")


def test_a_lab_is_let_in_by_its_own_token_only_and_only_while_it_is_waited_for(hub: RunningHub) -> None:
    student = Student.at(hub, "mia")
    student.ask(partition="other")
    student.until_open()
    token = variables_of("mia")["JUPYTERHUB_API_TOKEN"]
    door = f"{hub.url}hub/api/slurm/address"
    assert httpx2.post(door, json={"port": 4000}).status_code == 403
    known = {"Authorization": f"token {token}"}
    assert httpx2.post(door, json={"port": 4000}, headers=known).status_code == 409
    for body in ({}, {"port": 80}, {"port": "4000"}, {"port": True}, ["port"], {"port": 4e3}):
        assert httpx2.post(door, json=body, headers=known).status_code == 400
    assert student.client.get("user/mia/").text == "a stand-in"

    batchspawners = httpx2.post(
        f"{hub.url}hub/api/batchspawner", json={"exec_prefix": "touch /tmp/x;"}, headers=known
    )
    assert batchspawners.status_code == 404
    student.stop()


def test_the_token_of_a_lab_is_seen_by_its_own_account_only(hub: RunningHub, cluster: Cluster) -> None:
    dora = Student.at(hub, "dora")
    dora.ask(partition="other")
    dora.until_open()
    job, token = variables_of("dora")["SLURM_JOB_ID"], variables_of("dora")["JUPYTERHUB_API_TOKEN"]
    assert len(token) >= 32

    columns = ",".join(f"{name}:200" for name in SHOWN_BY_SQUEUE)
    shown = {
        "scontrol": cluster.tool("scontrol", "show", "job", job, "--details"),
        "squeue": cluster.tool("squeue", f"--jobs={job}", f"--Format={columns}"),
        "script": cluster.tool("scontrol", "write", "batch_script", job, "-"),
        "command lines": "\n".join(map(_read, Path("/proc").glob("[0-9]*/cmdline"))),
        "the job's log": _read(hub.state / "homes" / "dora" / ".genai-lab.log"),
        "the hub's log": _read(hub.log),
    }
    for where, text in shown.items():
        assert text, where
        assert token not in text, where
    assert "dora" not in shown["squeue"], "everyone on a cluster may read the queue"
    kept = [file for file in cluster.folder.rglob("*") if file.is_file() and token in _read(file)]
    assert kept, "Slurm keeps the variables of a job somewhere"
    assert [file for file in kept if file.stat().st_mode & 0o077] == [], "and lets nobody else read them"
    dora.stop()
    wait_until(lambda: not variables_of("dora"), "the lab ends")


def test_a_lab_whose_time_is_over_ends_and_its_student_is_told(short: Student, cluster: Cluster) -> None:
    wait_until(lambda: bool(cluster.jobs("TIMEOUT")), "Slurm ends the job")
    wait_until(lambda: "Its time was over" in short.form(), "the hub says so")
    page = short.form()
    assert "Your last lab ended at" in page
    assert '<option value="1" selected>' in page, "what was chosen last is chosen again"


def jobs_in(cluster: Cluster, partition: str, state: str = "RUNNING") -> list[str]:
    found = cluster.tool(
        "squeue", "--noheader", f"--states={state}", f"--partition={partition}", "--format=%i"
    )
    return found.split()


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""
