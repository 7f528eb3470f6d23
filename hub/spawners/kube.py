"""Labs as pods of a Kubernetes cluster, on KubeSpawner.

For a hub of your own that reaches the cluster's pods and its API. Zero to JupyterHub, which brings
hub, proxy, network policies and all, takes `hub/kube/values.yaml` instead and runs the same pods.
"""

from typing import Any

from kubespawner import KubeSpawner
from traitlets.config import Config

from hub.kube.pods import options, profiles
from hub.kube.settings import KubeSettings
from hub.language import language_of
from hub.settings import HubSettings
from hub.spawners.environment import lab_settings


def configure(c: Config, settings: HubSettings) -> None:
    """Raises ValidationError for a setting that is missing or wrong."""
    kube = KubeSettings()
    c.JupyterHub.spawner_class = KubeSpawner
    c.JupyterHub.cleanup_servers = False  # pods outlive a restart of the hub
    c.JupyterHub.hub_bind_url = f"http://0.0.0.0:{settings.api_port}"
    c.Spawner.hub_connect_url = f"http://{kube.hub_address}:{settings.api_port}"  # as pods find it
    c.KubeSpawner.namespace = kube.namespace
    for name, value in options(kube).items():
        setattr(c.KubeSpawner, name, value)
    c.KubeSpawner.environment = {**lab_settings(), **options(kube)["environment"]}

    def offered(spawner: KubeSpawner) -> list[dict[str, Any]]:
        return profiles(kube, language_of(spawner.handler))

    c.KubeSpawner.profile_list = offered
