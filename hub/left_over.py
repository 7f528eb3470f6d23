"""What a killed hub left running besides the labs: its proxy, which holds the port, and its services.

The next start ends these and begins afresh. Labs are left alone: the hub takes them over again.
"""

from pathlib import Path

import psutil

PATIENCE = 10  # seconds a process gets to end by itself


def end_left_over(state: Path, proxy_configuration: Path) -> None:
    """End the traefik that runs on this configuration, and the services that run in the state folder."""
    found = [
        process for process in psutil.process_iter() if _is_left_over(process, state, proxy_configuration)
    ]
    for process in found:
        process.terminate()
    for process in psutil.wait_procs(found, timeout=PATIENCE)[1]:
        process.kill()


def _is_left_over(process: psutil.Process, state: Path, proxy_configuration: Path) -> bool:
    try:
        if process.name() == "traefik":
            return process.cmdline()[1:] == ["--configfile", str(proxy_configuration)]
        return process.cwd() == str(state) and "JUPYTERHUB_SERVICE_NAME" in process.environ()
    except (psutil.Error, OSError):  # another account's, or gone
        return False
