"""Slurm's commands: as lists of arguments, never through a shell, with an end to each."""

import asyncio
from collections.abc import Mapping, Sequence

PATIENCE = 60  # seconds for Slurm's controller
MOST = 500  # characters of a complaint that are passed on


class SlurmFailed(Exception):
    """A command ended with an error, was not there, or did not end; the text is its last line."""


async def run(argv: Sequence[str], env: Mapping[str, str], stdin: str = "") -> str:
    """The command's output. Raises SlurmFailed."""
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
        async with asyncio.timeout(PATIENCE):
            out, complaint = await process.communicate(stdin.encode())
    except TimeoutError as error:
        raise SlurmFailed(f"{argv[0]}: no answer within {PATIENCE} s") from error
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines() or [f"exit code {process.returncode}"]
        raise SlurmFailed(lines[-1][:MOST])
    return out.decode(errors="replace").strip()
