"""Slurm's commands: `sbatch`, `scancel` and `squeue`, run without a shell and with a time limit."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence

from hub.spawners.slurm.accounts import Account
from hub.spawners.slurm.job import Choice, sbatch_arguments, script
from hub.spawners.slurm.queue import SQUEUE_FORMAT, QueueUnreadable
from hub.spawners.slurm.settings import SlurmSettings

TIMEOUT = 60  # seconds that Slurm's controller may take to answer
MAX_ERROR_LENGTH = 500  # characters of an error message that are passed on
PASSED_ON = ("LANG", "LC_ALL", "TZ", "SLURM_CONF")  # of the hub's own variables


class SlurmFailed(Exception):
    """A command failed, could not be started, or took too long. The text is its last error line."""


async def submit(account: Account, choice: Choice, settings: SlurmSettings, env: Mapping[str, str]) -> str:
    """Submit a lab's job and return the output of `sbatch`. Raises SlurmFailed and NoAccount."""
    arguments = sbatch_arguments(choice, settings, str(account.home))
    argv = account.command([_full_path("sbatch"), *arguments], env)
    return await run(argv, env, script(settings))


async def cancel(account: Account, job_id: str) -> None:
    """Cancel a job. Raises SlurmFailed and NoAccount."""
    env = _plain_environment()
    await run(account.command([_full_path("scancel"), job_id], env), env)


async def read_queue(partitions: Sequence[str]) -> str:
    """Return the output of `squeue` for all jobs of the partitions. Raises QueueUnreadable."""
    options = [f"--partition={','.join(partitions)}", f"--format={SQUEUE_FORMAT}"]
    argv = [_full_path("squeue"), "--noheader", "--states=all", *options]
    try:
        return await run(argv, _plain_environment())
    except SlurmFailed as error:
        raise QueueUnreadable(str(error)) from error


async def run(argv: Sequence[str], env: Mapping[str, str], stdin: str = "") -> str:
    """Run a command and return its output. Raises SlurmFailed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise SlurmFailed(f"{argv[0]}: {error.strerror}") from error
    try:
        async with asyncio.timeout(TIMEOUT):
            out, errors = await process.communicate(stdin.encode())
    except TimeoutError as error:
        raise SlurmFailed(f"{argv[0]}: no answer within {TIMEOUT} s") from error
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        lines = errors.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
        raise SlurmFailed(lines[-1][:MAX_ERROR_LENGTH])
    return out.decode(errors="replace").strip()


def _plain_environment() -> dict[str, str]:
    """Return the environment for commands that need no secrets."""
    return {name: os.environ[name] for name in (*PASSED_ON, "PATH") if name in os.environ}


def _full_path(name: str) -> str:
    """Find the command on the hub's PATH, because `env` may hold the job's PATH instead."""
    return shutil.which(name) or name
