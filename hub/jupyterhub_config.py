"""What JupyterHub reads (`jupyterhub -f`): this project's configuration, by the environment's settings."""

from traitlets.config import get_config

from hub.configuration import configure
from hub.settings import HubSettings

configure(get_config(), HubSettings())
