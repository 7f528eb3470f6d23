"""What the hub of Zero to JupyterHub gets of this project beside `values.yaml`, in Dockerfile.hub's image.

`hub.extraConfig` calls `configure`. Settings of a hub of our own are not read there: the chart has its own.
"""

from traitlets.config import Config

from hub.cohort.passes import ROUTE
from hub.user_names import USER_NAME


def configure(c: Config) -> None:
    """Let the cohort tools ask the labs, and names be those that a roster may have."""
    c.JupyterHub.extra_handlers.append(ROUTE)
    c.Authenticator.username_pattern = USER_NAME
