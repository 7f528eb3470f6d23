"""Labs as processes of this machine, all under one account: for trying out, and for tests.

Students are kept apart by the lab's own gate, not by the operating system.
"""

import sys

from traitlets.config import Config

from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    homes = settings.state.resolve() / "homes"
    c.JupyterHub.spawner_class = "simple"
    c.SimpleLocalProcessSpawner.home_dir_template = str(homes / "{username}")
    c.Spawner.cmd = [sys.executable, "-m", "genai_lab", "serve"]
    c.Spawner.environment = {"OMP_NUM_THREADS": "1"}  # many labs on few cores: threads would only wait
