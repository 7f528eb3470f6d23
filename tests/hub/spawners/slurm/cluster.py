"""A real Slurm cluster of one node for tests, with its own munged, slurmctld and slurmd in its own folder.

It has its own key, sockets, ports and state, so this machine's Slurm and munge are not touched. Its
graphics card is a device file without content, because Slurm only counts cards.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.hub.conftest import free_port

DAEMONS = ("munged", "slurmctld", "slurmd")
TOOLS = ("sbatch", "squeue", "scancel", "sinfo", "scontrol")
CPUS = 8
MEGABYTES = 16_000
STARTING = 90  # seconds; the machine may be busy

CONFIGURATION = """\
ClusterName=class
SlurmctldHost={node}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.sock
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2
OverTimeLimit=0
KillWait=5
GresTypes=gpu
MpiDefault=none
NodeName={node} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={megabytes} Gres=gpu:1 State=UNKNOWN
PartitionName=lab Nodes={node} Default=YES MaxTime=INFINITE State=UP
PartitionName=other Nodes={node} MaxTime=INFINITE State=UP
"""


def why_unavailable() -> str:
    """Return why no cluster can start here, or "" if one can."""
    missing = [name for name in (*DAEMONS, *TOOLS) if find(name) is None]
    if missing:
        return f"Slurm is not installed ({', '.join(missing)}; Debian: slurm-wlm, munge)"
    if os.geteuid() != 0:
        return "only root can start a Slurm node and make its device file"
    return ""


def find(name: str) -> str | None:
    """Find a daemon or tool. Daemons are in folders that are not on everybody's PATH."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


@dataclass
class Cluster:
    """The running cluster. `environment` holds the variables that a process needs to use it."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {"SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self) -> None:
        """Start the daemons. Raises RuntimeError with their output if the node does not come up."""
        folder = self.folder
        folder.chmod(0o755)  # everyone may use munge's socket, but not its key
        for name, mode in (("state", 0o700), ("spool", 0o755), ("run", 0o755), ("munge", 0o700)):
            (folder / name).mkdir(mode=mode)
        key = folder / "munge" / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o400)
        node = socket.gethostname().partition(".")[0]
        subprocess.run(["mknod", str(folder / "gpu0"), "c", "1", "3"], check=True)
        (folder / "gres.conf").write_text(f"NodeName={node} Name=gpu File={folder}/gpu0\n")
        (folder / "slurm.conf").write_text(
            CONFIGURATION.format(
                node=node,
                folder=folder,
                controller_port=free_port(),
                node_port=free_port(),
                cpus=CPUS,
                megabytes=MEGABYTES,
            )
        )
        munge = [f"--{name}={folder}/{path}" for name, path in self._munge_files()]
        self._daemon("munged", "--foreground", "--num-threads=2", *munge)
        self._until((folder / "run" / "munge.sock").exists, "munged")
        self._daemon("slurmctld", "-D")
        self._daemon("slurmd", "-D")
        self._until(lambda: "idle" in self.tool("sinfo", "--noheader", "--format=%T"), "the node")

    @staticmethod
    def _munge_files() -> list[tuple[str, str]]:
        return [
            ("key-file", "munge/key"),
            ("seed-file", "munge/seed"),
            ("log-file", "munge/log"),
            ("pid-file", "run/munged.pid"),
            ("socket", "run/munge.sock"),
        ]

    def _daemon(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as out:
            process = subprocess.Popen(
                [str(find(name)), *arguments],
                env={**os.environ, **self.environment},
                stdout=out,
                stderr=out,
            )
        self.processes.append(process)

    def _until(self, ready, what: str) -> None:
        until = time.monotonic() + STARTING
        while not ready():
            if time.monotonic() > until or any(p.poll() is not None for p in self.processes):
                said = "\n".join(f"{f.name}: {f.read_text()[-1500:]}" for f in self.folder.glob("*.out"))
                raise RuntimeError(f"{what} did not come up:\n{said}")
            time.sleep(0.2)

    def tool(self, name: str, *arguments: str) -> str:
        """Run one of Slurm's tools and return its output, or "" if it fails."""
        done = subprocess.run(
            [str(find(name)), *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    def jobs(self, *states: str) -> list[str]:
        """Return the ids of all jobs in these states, the oldest first."""
        found = self.tool("squeue", "--noheader", f"--states={','.join(states)}", "--format=%i")
        return sorted(found.split(), key=int)

    def stop(self) -> None:
        """Cancel all jobs and end the daemons."""
        if len(self.processes) == len(DAEMONS):
            self.tool("scancel", "--user=root")
            until = time.monotonic() + 30
            while self.jobs("PENDING", "RUNNING", "COMPLETING") and time.monotonic() < until:
                time.sleep(0.2)
        for process in reversed(self.processes):
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            if process.poll() is None:
                process.kill()
                process.wait()
