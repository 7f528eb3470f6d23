"""The file for `jupyterhub -f`: this project's configuration, with the settings of the environment."""

from traitlets.config import get_config

from hub.configuration import configure
from hub.settings import HubSettings

configure(get_config(), HubSettings())
