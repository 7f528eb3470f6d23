"""Ends processes that a killed hub left running: its proxy, which holds the port, and its services.

The next start of the hub ends them and starts new ones. Labs are not ended, because the hub finds them
again.
"""

from contextlib import suppress
from pathlib import Path

import psutil

TERMINATE_SECONDS = 10  # how long a process may take to end before it is killed


def end_stale_processes(state: Path, proxy_configuration: Path) -> None:
    """End the traefik that uses this configuration file, and the services that run in the state folder."""
    stale = [process for process in psutil.process_iter() if _is_stale(process, state, proxy_configuration)]
    for process in stale:
        with suppress(psutil.Error):  # it has ended meanwhile, or belongs to another account
            process.terminate()
    for process in psutil.wait_procs(stale, timeout=TERMINATE_SECONDS)[1]:
        with suppress(psutil.Error):
            process.kill()


def _is_stale(process: psutil.Process, state: Path, proxy_configuration: Path) -> bool:
    try:
        if process.name() == "traefik":
            return process.cmdline()[1:] == ["--configfile", str(proxy_configuration)]
        return process.cwd() == str(state) and "JUPYTERHUB_SERVICE_NAME" in process.environ()
    except (psutil.Error, OSError):  # the process belongs to another account, or has ended
        return False
