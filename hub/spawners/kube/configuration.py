"""JupyterHub's configuration for labs that are pods of a Kubernetes cluster, made by KubeSpawner.

It is for a hub of your own that can reach the cluster's pods and its API. Zero to JupyterHub, which
also brings a hub, a proxy and network policies, reads `values.yaml` instead and runs the same pods.
"""

from typing import Any

from traitlets.config import Config

from hub.language import language_of
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings
from hub.spawners.kube.pods import options, profiles
from hub.spawners.kube.settings import KubeSettings


def configure(c: Config, settings: HubSettings) -> None:
    """Raises ValidationError for a setting that is missing or invalid."""
    from kubespawner import KubeSpawner

    kube = KubeSettings()
    c.JupyterHub.spawner_class = KubeSpawner
    c.JupyterHub.cleanup_servers = False  # pods continue while the hub is restarted
    c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{settings.api_port}"
    c.Spawner.hub_connect_url = f"http://{kube.hub_address}:{settings.api_port}"  # the hub's address for pods
    c.KubeSpawner.namespace = kube.namespace
    for name, value in options(kube).items():
        setattr(c.KubeSpawner, name, value)
    c.KubeSpawner.environment = {**lab_settings(), **options(kube)["environment"]}

    def profiles_for(spawner: KubeSpawner) -> list[dict[str, Any]]:
        return profiles(kube, language_of(spawner.handler))

    c.KubeSpawner.profile_list = profiles_for
