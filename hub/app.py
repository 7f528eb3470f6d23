"""JupyterHub itself, with a configuration that is whole, and which tells when it can be used."""

from collections.abc import Callable

from jupyterhub.app import JupyterHub
from traitlets.config import Config


class Hub(JupyterHub):  # type: ignore[misc]
    """JupyterHub; calls `ready` once its pages can be opened."""

    ready: Callable[[], None]

    def load_config_file(self, *args: object, **kwargs: object) -> None:
        """Nothing: no file that happens to lie in the current folder adds to the configuration."""

    async def start(self) -> None:
        await super().start()
        self.ready()


def run(config: Config, ready: Callable[[], None]) -> None:
    """Run until stopped. Raises SystemExit with a code where the hub could not start."""
    Hub.instance(config=config).ready = ready
    Hub.launch_instance([])
