"""JupyterHub's configuration for labs that are jobs of a Slurm cluster."""

import shutil

from traitlets.config import Config

from exercises.errors import CatalogueError
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings
from hub.spawners.slurm.commands import PASSED_ON
from hub.spawners.slurm.settings import SlurmSettings

COMMANDS = ("sbatch", "squeue", "scancel")


class SlurmError(CatalogueError):
    """The hub cannot use the cluster as its settings say."""

    package = "hub"


def configure(c: Config, settings: HubSettings) -> None:
    """Raises SlurmError, and ValidationError for a setting that is missing or invalid."""
    from hub.spawners.slurm.address import AddressHandler
    from hub.spawners.slurm.spawner import STOP_SECONDS, SlurmLab

    slurm = SlurmSettings()
    missing = [name for name in COMMANDS if shutil.which(name) is None]
    if missing:
        raise SlurmError("slurm.no_commands", names=", ".join(missing))
    if slurm.accounts == "students" and settings.authenticator in ("shared", "native"):
        raise SlurmError("slurm.unproven_names", authenticator=settings.authenticator)
    is_local = slurm.hub_address in ("127.0.0.1", "localhost", "::1")
    host = f"[{slurm.hub_address}]" if ":" in slurm.hub_address else slurm.hub_address
    c.JupyterHub.hub_bind_url = f"http://{'127.0.0.1' if is_local else host}:{settings.api_port}"
    c.JupyterHub.cleanup_servers = False  # jobs continue while the hub is restarted
    c.JupyterHub.spawner_class = SlurmLab
    c.JupyterHub.extra_handlers.append((r"/api/slurm/address", AddressHandler))
    c.SlurmLab.settings = slurm
    c.SlurmLab.homes = str((slurm.homes or settings.state / "homes").resolve())
    c.SlurmLab.env_keep = list(PASSED_ON)
    # Jobs of one account could read the hub's secrets, and everybody's files: no student's code runs there.
    apart = slurm.accounts == "students"
    c.SlurmLab.environment = {
        **({} if apart else {"GENAI_CODE": "0"}),
        **lab_settings(),
        "PATH": slurm.path,
        "OMP_NUM_THREADS": str(slurm.cpus),
        **slurm.environment,
    }
    c.SlurmLab.start_timeout = int(slurm.queue_hours * 3600) + slurm.start_seconds + STOP_SECONDS
    c.SlurmLab.http_timeout = slurm.start_seconds
    c.SlurmLab.poll_interval = 10  # cheap, because all labs share one reading of the queue
