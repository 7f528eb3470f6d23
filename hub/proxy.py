"""The proxy: traefik, which pip installs with its binary and which passes streams on unbuffered."""

import secrets
import socket

from traitlets.config import Config

from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    state = settings.state.resolve()
    c.JupyterHub.proxy_class = "traefik_file"
    c.TraefikFileProviderProxy.static_config_file = str(state / "traefik.toml")
    c.TraefikFileProviderProxy.dynamic_config_file = str(state / "traefik-routes.toml")
    c.TraefikFileProviderProxy.traefik_api_url = f"http://127.0.0.1:{_free_port()}"
    c.TraefikFileProviderProxy.traefik_api_username = "hub"
    c.TraefikFileProviderProxy.traefik_api_password = secrets.token_urlsafe(32)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
