"""JupyterHub's configuration for labs that are processes of this machine."""

import sys

from traitlets.config import Config

from hub.settings import HubSettings
from hub.spawners.environment import lab_settings
from hub.spawners.local.spawner import LocalLab


def configure(c: Config, settings: HubSettings) -> None:
    state = settings.state.resolve()
    c.JupyterHub.spawner_class = LocalLab
    c.JupyterHub.cleanup_servers = True  # the labs are children of this account and end with the hub
    c.LocalLab.homes = str(state / "homes")
    c.LocalLab.logs = str(state / "logs")
    c.LocalLab.cmd = [sys.executable, "-P", "-m", "genai_lab", "serve"]  # nothing of a home is imported
    c.LocalLab.env_keep = ["PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH"]
    # Many labs share few cores, so more threads per lab would only wait for each other.
    # All labs share the hub's account: code of a student's could read its secrets and everybody's files.
    c.LocalLab.environment = {"GENAI_CODE": "0", **lab_settings(), "OMP_NUM_THREADS": "1"}
