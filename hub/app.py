"""JupyterHub itself, with a complete configuration and a callback when it can be used."""

import sys
from collections.abc import Callable

from traitlets.config import Config

# The event logger's schemas name no address in other letters than Latin ones, and the parser for those takes
# two seconds to import; without it they are checked all the same.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from jupyterhub.app import JupyterHub  # noqa: E402

from hub.pauses import shorten_pauses  # noqa: E402


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
    shorten_pauses()
    Hub.instance(config=config).ready = ready
    Hub.launch_instance([])
