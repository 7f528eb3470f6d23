"""JupyterHub itself, with a complete configuration and a callback when it can be used."""

from collections.abc import Callable

from jupyterhub.app import JupyterHub
from traitlets.config import Config


class Hub(JupyterHub):  # type: ignore[misc]
    """JupyterHub, which calls `ready` as soon as its pages can be opened."""

    ready: Callable[[], None]

    def load_config_file(self, *args: object, **kwargs: object) -> None:
        """Load no file, so that a configuration file in the current folder has no effect."""

    async def start(self) -> None:
        await super().start()
        self.ready()


def run(config: Config, ready: Callable[[], None]) -> None:
    """Run JupyterHub until it is stopped. Raises SystemExit with a code if it cannot start."""
    Hub.instance(config=config).ready = ready
    Hub.launch_instance([])
