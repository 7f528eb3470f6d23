"""JupyterHub's configuration from our settings: what holds for every spawner and authenticator.

Each part brings a `configure(c, settings)` of its own; the one setting that chooses is read here.
"""

from importlib import import_module
from urllib.parse import urlunsplit

from traitlets.config import Config

from hub.settings import HubSettings


def configure(c: Config, settings: HubSettings) -> None:
    """Fill `c`, JupyterHub's configuration object."""
    state = settings.state.resolve()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    scheme = "https" if settings.tls_certificate else "http"
    c.JupyterHub.bind_url = urlunsplit(
        (scheme, f"{settings.host}:{settings.port}", settings.base_url, "", "")
    )
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings.api_port}"
    c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.JupyterHub.subdomain_host = settings.subdomain_host
    if settings.tls_certificate and settings.tls_key:
        c.JupyterHub.ssl_cert = str(settings.tls_certificate)
        c.JupyterHub.ssl_key = str(settings.tls_key)
    c.JupyterHub.oauth_require_pkce = True  # our labs use it
    c.JupyterHub.template_paths = []
    c.Authenticator.admin_users = set(settings.instructors)
    for part in ("roles", "proxy", f"authenticators.{settings.authenticator}", f"spawners.{settings.spawner}"):
        import_module(f"hub.{part}").configure(c, settings)
