"""The spawners and authenticators that the settings choose from, each under its name in the settings.

The modules listed here are cheap to import. Docker's client, KubeSpawner, batchspawner and so on are
imported by the `configure` function that needs them, so a hub with local labs loads none of them.
"""

from collections.abc import Callable
from typing import NamedTuple

from traitlets.config import Config

from exercises.i18n import Translate
from hub.authenticators import shared
from hub.authenticators.lti import configuration as lti
from hub.authenticators.native import configuration as native
from hub.authenticators.oidc import configuration as oidc
from hub.settings import AuthenticatorName, HubSettings, SpawnerName
from hub.spawners.docker import configuration as docker
from hub.spawners.kube import configuration as kube
from hub.spawners.local import configuration as local
from hub.spawners.slurm import configuration as slurm

Configure = Callable[[Config, HubSettings], None]


class Authenticator(NamedTuple):
    """How a way to log in is configured, and the lines the console shows about it at the start."""

    configure: Configure
    announce: Callable[[HubSettings, Translate], list[str]]


SPAWNERS: dict[SpawnerName, Configure] = {
    "local": local.configure,
    "docker": docker.configure,
    "slurm": slurm.configure,
    "kube": kube.configure,
}

AUTHENTICATORS: dict[AuthenticatorName, Authenticator] = {
    "shared": Authenticator(shared.configure, shared.announce),
    "native": Authenticator(native.configure, native.announce),
    "oidc": Authenticator(oidc.configure, oidc.announce),
    "lti": Authenticator(lti.configure, lti.announce),
}
