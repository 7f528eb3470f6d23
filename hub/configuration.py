"""JupyterHub's configuration from our settings: what holds for every spawner and authenticator.

Each part brings a `configure(c, settings)` of its own; the settings that choose are read here.
"""

from importlib import import_module
from pathlib import Path

from traitlets.config import Config

from hub import guards
from hub.addresses import bound
from hub.errors import HubError
from hub.settings import HubSettings

# Letters, digits and . _ @ + -, beginning with a letter or digit: a name becomes part of addresses,
# folders and the proxy's rules, where a backtick or a slash would be more than a character.
USER_NAME = r"^[^\W_][\w.@+-]{0,59}\Z"


def configure(c: Config, settings: HubSettings) -> None:
    """Fill `c`, JupyterHub's configuration. Raises UserError where the hub must not start like this."""
    guards.check(settings)
    state = private_folder(settings.state)
    _addresses(c, settings)
    c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
    c.JupyterHub.upgrade_db = True  # after an update of JupyterHub; a copy is kept beside it
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.JupyterHub.cookie_max_age_days = 1  # class-room computers are shared
    over_tls = bool((settings.tls_certificate and settings.tls_key) or settings.tls_proxy)
    c.JupyterHub.tornado_settings = {
        "cookie_options": {"samesite": "Lax", **({"secure": True} if over_tls else {})},
        "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"},
    }
    c.JupyterHub.oauth_require_pkce = True  # our labs use it
    c.JupyterHub.authenticate_prometheus = True  # `read:metrics`: instructors, and the metrics token
    c.JupyterHub.concurrent_spawn_limit = 0  # a class starts at once: nobody is told to come back later
    c.JupyterHub.cleanup_servers = False  # a restart of the hub does not end labs in the middle of a lesson
    c.Authenticator.username_pattern = USER_NAME
    c.Authenticator.admin_users = set(settings.instructors)
    c.Spawner.start_timeout = 300
    c.Spawner.http_timeout = 120  # a busy machine
    c.Spawner.consecutive_failure_limit = 0  # one broken image must not end the hub for those who work
    parts = ("roles", "pages", "proxy", "cohort.passes")
    for part in (*parts, f"authenticators.{settings.authenticator}", f"spawners.{settings.spawner}"):
        import_module(f"hub.{part}").configure(c, settings)
    for service in c.JupyterHub.services:
        if "command" in service:
            service["cwd"] = str(state)  # by which `left_over` knows them again


def private_folder(folder: Path) -> Path:
    """The folder, absolute, there, and closed to others. Raises HubError."""
    folder = folder.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise HubError("error.state", state=folder, reason=error.strerror) from error
    return folder


def _addresses(c: Config, settings: HubSettings) -> None:
    tls = (settings.tls_certificate, settings.tls_key)
    c.JupyterHub.bind_url = bound(settings)
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings.api_port}"
    if settings.public_url:
        c.JupyterHub.public_url = settings.public_url
    if settings.subdomain_host:
        c.JupyterHub.subdomain_host = settings.subdomain_host
        c.JupyterHub.cookie_host_prefix_enabled = settings.subdomain_host.startswith("https://")
    if all(tls):
        c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = (str(file.resolve()) for file in tls if file)
