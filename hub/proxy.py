"""The proxy: traefik, which pip installs with its binary and which passes streams on unbuffered.

It begins afresh with every start: the hub knows from its database which labs run, and adds their routes.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Any

from jupyterhub_traefik_proxy.fileprovider import TraefikFileProviderProxy
from traitlets.config import Config

from hub.left_over import end_left_over
from hub.secret_files import new_token
from hub.settings import HubSettings

STATIC = "traefik.toml"
ROUTES = "traefik-routes.toml"


def configure(c: Config, settings: HubSettings) -> None:
    state = settings.state.resolve()
    c.JupyterHub.proxy_class = Traefik
    c.Traefik.static_config_file = str(state / STATIC)
    c.Traefik.dynamic_config_file = str(state / ROUTES)
    c.Traefik.traefik_api_url = f"http://127.0.0.1:{free_port()}"
    c.Traefik.traefik_api_username = "hub"
    c.Traefik.traefik_api_password = new_token()
    # traefik stands beside the Python that pip installed it for
    beside = str(Path(sys.executable).parent)
    c.Traefik.traefik_env = {"PATH": os.pathsep.join([beside, os.environ.get("PATH", "")])}
    if settings.tls_proxy:
        # it alone may say what people's browsers asked for (X-Forwarded-…)
        trusted = {"forwardedHeaders": {"trustedIPs": sorted(map(str, settings.tls_proxy))}}
        c.Traefik.extra_static_config = {"entryPoints": {"http": trusted}}


class Traefik(TraefikFileProviderProxy):  # type: ignore[misc]
    """Starts without the routes of before, and after what a killed hub left behind."""

    async def start(self) -> None:
        configuration = Path(self.static_config_file)
        end_left_over(configuration.parent, configuration)
        # routes of before hold the API's password of before, which would win over the new one
        Path(self.dynamic_config_file).unlink(missing_ok=True)
        await super().start()

    def _dynamic_config_for_route(self, routespec: str, target: str, data: Any) -> Any:
        """A user's name may hold a plus, which traefik compares as the address has it: encoded."""
        configuration, own = super()._dynamic_config_for_route(routespec, target, data)
        for router in configuration["http"]["routers"].values():
            router["rule"] = router["rule"].replace("+", "%2B")
        return configuration, own


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
