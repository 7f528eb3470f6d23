"""JupyterHub's configuration, made from our settings.

What holds for every hub is set here. Each part of the hub adds to it in a `configure(c, settings)` of
its own. `hub.registry` lists the parts that the settings choose: a spawner and an authenticator.
"""

from pathlib import Path

from traitlets.config import Config

from exercises.errors import SystemReason
from hub import desk, gateway, guards, opened, pages, proxy, roles
from hub.addresses import bind_url
from hub.class_page import configuration as class_page
from hub.cohort import passes
from hub.errors import HubError
from hub.registry import AUTHENTICATORS, SPAWNERS
from hub.settings import HubSettings
from hub.user_names import USER_NAME


def configure(c: Config, settings: HubSettings) -> None:
    """Fill JupyterHub's configuration. Raises UserError if the hub must not start with these settings."""
    guards.require_safe_start(settings)
    state = private_folder(settings.state)
    _configure_addresses(c, settings)
    c.JupyterHub.db_url = f"sqlite:///{state / 'jupyterhub.sqlite'}"
    c.JupyterHub.upgrade_db = True  # after an update of JupyterHub, which keeps a copy beside the database
    c.JupyterHub.cookie_secret_file = str(state / "cookie_secret")
    c.JupyterHub.cookie_max_age_days = 1  # class-room computers are shared
    over_tls = bool((settings.tls_certificate and settings.tls_key) or settings.tls_proxy)
    c.JupyterHub.tornado_settings = {
        "cookie_options": {"samesite": "Lax", **({"secure": True} if over_tls else {})},
        "headers": {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"},
    }
    c.JupyterHub.oauth_require_pkce = True  # our labs use PKCE
    c.JupyterHub.authenticate_prometheus = True  # instructors and the metrics token have `read:metrics`
    c.JupyterHub.concurrent_spawn_limit = 0  # a class starts at once, and nobody is told to try again later
    c.JupyterHub.cleanup_servers = False  # a restart of the hub does not end labs in the middle of a lesson
    c.Authenticator.username_pattern = USER_NAME
    c.Authenticator.admin_users = set(settings.instructors)
    c.Spawner.start_timeout = 300
    c.Spawner.http_timeout = 120  # a busy machine is slow
    c.Spawner.consecutive_failure_limit = 0  # one broken image must not end the hub for those who work
    for part in (roles, pages, proxy, passes, opened):
        part.configure(c, settings)
    AUTHENTICATORS[settings.authenticator].configure(c, settings)
    SPAWNERS[settings.spawner](c, settings)
    shared = gateway.configure(c, settings)
    class_page.configure(c, settings, shared)
    desk.configure(c, settings, shared)
    for service in c.JupyterHub.services:
        if "command" in service:
            service["cwd"] = str(state)  # `hub.stale_processes` recognizes services by this folder


def private_folder(folder: Path) -> Path:
    """Make the folder, close it to other accounts, and return its absolute path. Raises HubError."""
    folder = folder.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise HubError("error.state", state=folder, reason=SystemReason(error)) from error
    return folder


def _configure_addresses(c: Config, settings: HubSettings) -> None:
    tls = (settings.tls_certificate, settings.tls_key)
    c.JupyterHub.bind_url = bind_url(settings)
    c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings.api_port}"
    if settings.public_url:
        c.JupyterHub.public_url = settings.public_url
    if settings.subdomain_host:
        c.JupyterHub.subdomain_host = settings.subdomain_host
        c.JupyterHub.cookie_host_prefix_enabled = settings.subdomain_host.startswith("https://")
    if all(tls):
        c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = (str(file.resolve()) for file in tls if file)
