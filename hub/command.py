"""`genai-lab hub`: JupyterHub with this project's configuration."""

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from hub.settings import HubSettings, SpawnerName


def hub(
    spawner: Annotated[SpawnerName | None, typer.Option(help="Where labs run. [default: local]")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. [default: 8000]")] = None,
    state: Annotated[Path | None, typer.Option(help="All the hub keeps. [default: hub-state]")] = None,
) -> None:
    """Start JupyterHub: students log in, and each gets a lab of their own."""
    asked = {"spawner": spawner, "port": port, "state": state}
    settings = HubSettings(**{name: value for name, value in asked.items() if value is not None})  # type: ignore[arg-type]
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    chosen = {
        "GENAI_HUB_SPAWNER": settings.spawner,
        "GENAI_HUB_PORT": str(settings.port),
        "GENAI_HUB_STATE": str(settings.state.resolve()),
        # traefik stands beside the Python that pip installed it for
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    configuration = str(files("hub").joinpath("jupyterhub_config.py"))
    os.chdir(settings.state)
    os.execve(  # noqa: S606  (no shell is wanted)
        sys.executable,
        [sys.executable, "-m", "jupyterhub", "-f", configuration],
        os.environ | chosen,
    )
