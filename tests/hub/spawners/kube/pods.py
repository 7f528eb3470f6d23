"""Makes pods with KubeSpawner, without a cluster, from our own configuration and from values.yaml."""

import asyncio
import re
import textwrap
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import yaml
from jupyterhub.objects import Hub
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from traitlets.config import Config

PAGE = Path(__file__).parents[4] / "docs" / "hub" / "kubernetes.md"

# Zero to JupyterHub's names for KubeSpawner's options, from its documentation.
PASSED_THROUGH = {
    "start_timeout": "startTimeout",
    "uid": "uid",
    "fs_gid": "fsGid",
    "allow_privilege_escalation": "allowPrivilegeEscalation",
    "service_account": "serviceAccountName",
    "mem_limit": "memory.limit",
    "mem_guarantee": "memory.guarantee",
    "cpu_limit": "cpu.limit",
    "cpu_guarantee": "cpu.guarantee",
    "extra_resource_limits": "extraResource.limits",
    "environment": "extraEnv",
    "profile_list": "profileList",
    "extra_pod_config": "extraPodConfig",
    "cmd": "cmd",
    "storage_capacity": "storage.capacity",
    "storage_access_modes": "storage.dynamic.storageAccessModes",
    "image_pull_policy": "image.pullPolicy",
}


def values() -> dict[str, Any]:
    """Read `values.yaml` as Helm does."""
    read: dict[str, Any] = yaml.safe_load(
        files("hub").joinpath("spawners", "kube", "values.yaml").read_text("utf-8")
    )
    return read


def mine() -> dict[str, Any]:
    """Read the example of `mine.yaml` in the documentation: the block that has an image of a lab."""
    blocks = re.findall(r"(?:^ {7}.*\n)+", PAGE.read_text("utf-8"), re.MULTILINE)
    [text] = [block for block in blocks if "singleuser:" in block]
    read: dict[str, Any] = yaml.safe_load(textwrap.dedent(text))
    return read


def together(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Merge two files of values as Helm does: tables by name, all else is replaced."""
    merged = dict(first)
    for name, value in second.items():
        both = isinstance(value, dict) and isinstance(first.get(name), dict)
        merged[name] = together(first[name], value) if both else value
    return merged


def configuration_of(values: dict[str, Any]) -> Config:
    """Return the KubeSpawner configuration that Zero to JupyterHub makes of its values."""
    c, lab = Config(), values["singleuser"]
    for trait, path in PASSED_THROUGH.items():
        found = _at(lab, path)
        if found is not None:
            setattr(c.KubeSpawner, trait, found)
    storage = lab["storage"]
    assert storage["type"] == "dynamic"
    name = storage["dynamic"]["volumeNameTemplate"]
    c.KubeSpawner.storage_pvc_ensure = True
    c.KubeSpawner.volumes = [
        {"name": name, "persistentVolumeClaim": {"claimName": "{pvc_name}"}},
        *storage["extraVolumes"],
    ]
    c.KubeSpawner.volume_mounts = [
        {"name": name, "mountPath": storage["homeMountPath"]},
        *storage["extraVolumeMounts"],
    ]
    c.KubeSpawner.image = f"{lab['image']['name']}:{lab['image']['tag']}"
    c.Spawner.hub_connect_url = "http://hub:8081"  # the name of the chart's service
    for part in ("Spawner", "KubeSpawner"):
        for trait, value in values["hub"]["config"].get(part, {}).items():
            setattr(c[part], trait, value)
    return c


def pod(c: Config, profile: str | None = None, student: str = "jane.doe", **more: str) -> dict[str, Any]:
    """Return the pod of a student who chose that profile and more user options, as JSON."""
    return _made(c, ({"profile": profile} if profile else {}) | more, student, "pod")


def claim(c: Config, student: str = "jane.doe") -> dict[str, Any]:
    """Return the claim for that student's volume."""
    return _made(c, {}, student, "claim")


def _made(c: Config, user_options: dict[str, str], student: str, what: str) -> dict[str, Any]:
    async def make() -> Any:
        spawner = KubeSpawner(
            _mock=True,
            config=c,
            user=SimpleNamespace(
                name=student, escaped_name=student, id=1, url=f"/user/{student}/", server=None, state=None
            ),
            hub=Hub(ip="127.0.0.1", port=9999, base_url="/hub/"),
            orm_spawner=SimpleNamespace(name="", server=None, user_options={}),
            api_token="a-token",
            oauth_client_id="a-client",
            public_url="",
            public_hub_url="",
        )
        spawner.user_options = user_options
        await spawner.load_user_options()
        made = await spawner.get_pod_manifest() if what == "pod" else spawner.get_pvc_manifest()
        async with ApiClient() as client:
            return client.sanitize_for_serialization(made)

    with patch("kubespawner.spawner.load_config"):  # it would look for a cluster
        result: dict[str, Any] = asyncio.run(make())
    return result


def _at(table: dict[str, Any], path: str) -> Any:
    for name in path.split("."):
        table = table.get(name, {})
    return None if table == {} else table
