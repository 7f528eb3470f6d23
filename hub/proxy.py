"""The proxy: traefik, whose binary pip installs, and which does not buffer streams.

It starts without routes. The hub knows from its database which labs run, and adds their routes.
"""

import os
import socket
import sys
from pathlib import Path
from typing import Any

import bcrypt
from jupyterhub_traefik_proxy.fileprovider import TraefikFileProviderProxy
from traitlets.config import Config

from hub.secret_files import new_token
from hub.settings import HubSettings
from hub.stale_processes import end_stale_processes

STATIC_CONFIGURATION = "traefik.toml"
ROUTES = "traefik-routes.toml"
UPLOAD_TIME = "1h"
# uvicorn closes a connection that rests for five seconds. A request that traefik sends on it at that moment
# is answered with 502, unless its method may be repeated; so traefik lets go of the connection first.
IDLE_TIME = "2s"
END_TIME = "1s"  # what is under way gets it when the proxy ends: an open page would hold it for ten seconds
CHEAPEST = 4  # the lowest cost that bcrypt has


def configure(c: Config, settings: HubSettings) -> None:
    state = settings.state.resolve()
    c.JupyterHub.proxy_class = Traefik
    c.Traefik.static_config_file = str(state / STATIC_CONFIGURATION)
    c.Traefik.dynamic_config_file = str(state / ROUTES)
    c.Traefik.traefik_api_url = f"http://127.0.0.1:{free_port()}"
    c.Traefik.traefik_api_username = "hub"
    password = new_token()
    c.Traefik.traefik_api_password = password
    # Nobody guesses a random token. With the usual cost of a hash, which is for words that people think of,
    # traefik would take a quarter of a second for each question, of which every lab's start has some.
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(CHEAPEST))
    c.Traefik.traefik_api_hashed_password = hashed.decode("ascii")
    # pip puts traefik into the same folder as Python
    python_folder = str(Path(sys.executable).parent)
    c.Traefik.traefik_env = {"PATH": os.pathsep.join([python_folder, os.environ.get("PATH", "")])}
    # traefik gives a request a minute to arrive, which is too short for a photo over a slow line.
    entry: dict[str, Any] = {
        "transport": {
            "respondingTimeouts": {"readTimeout": UPLOAD_TIME},
            "lifeCycle": {"graceTimeOut": END_TIME},
        }
    }
    if settings.tls_proxy:
        # Only the TLS proxy may send X-Forwarded-… headers about the original request.
        entry["forwardedHeaders"] = {"trustedIPs": sorted(map(str, settings.tls_proxy))}
    c.Traefik.extra_static_config = {
        "entryPoints": {"http": entry},
        "serversTransport": {"forwardingTimeouts": {"idleConnTimeout": IDLE_TIME}},
    }


class Traefik(TraefikFileProviderProxy):  # type: ignore[misc]
    """traefik, started after stale processes have been ended, and without old routes."""

    async def start(self) -> None:
        configuration = Path(self.static_config_file)
        end_stale_processes(configuration.parent, configuration)
        # Old routes contain the API's old password, which would override the new one.
        Path(self.dynamic_config_file).unlink(missing_ok=True)
        await super().start()

    def _dynamic_config_for_route(self, routespec: str, target: str, data: Any) -> Any:
        """Encode a plus sign in a user's name, because traefik compares it with the encoded address."""
        configuration, own = super()._dynamic_config_for_route(routespec, target, data)
        for router in configuration["http"]["routers"].values():
            router["rule"] = router["rule"].replace("+", "%2B")
        return configuration, own


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
