"""The profiles a student chooses from and the options of every pod, as values for KubeSpawner's traits."""

from typing import Any

from exercises.i18n import Language, translator
from hub.spawners.kube.settings import KubeSettings

UID = 1000  # the same as in Dockerfile.gpu
HOME = "/home/student"
MODELS = "/models"

TEMPORARY: dict[str, Any] = {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}}
ROOT: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}
POD: dict[str, Any] = {
    "fsGroupChangePolicy": "OnRootMismatch",
    "seccompProfile": {"type": "RuntimeDefault"},
}
SMALL: dict[str, Any] = {"cpu_limit": 2, "cpu_guarantee": 0.5, "mem_limit": "4G", "mem_guarantee": "2G"}
LARGE: dict[str, Any] = {"cpu_limit": 4, "cpu_guarantee": 1, "mem_limit": "16G", "mem_guarantee": "8G"}
# More threads than processors would only wait for each other. Some base images ask for every card, so a
# pod without a card must refuse them; for a pod with a card the cluster's device plugin chooses it.
WITHOUT_CARD = {"OMP_NUM_THREADS": "2", "NVIDIA_VISIBLE_DEVICES": "void"}
WITH_CARD = {"OMP_NUM_THREADS": "4"}
DISK = {"ephemeral-storage": "4Gi"}  # the root is read-only, so this limits /tmp and logs


def profiles(kube: KubeSettings, language: Language) -> list[dict[str, Any]]:
    """Return KubeSpawner's `profile_list`. The first profile is the default."""
    t = translator("hub", language)
    resources: dict[str, str | None] = {"cpu": None, "gpu": kube.gpu, "mig": kube.mig}
    return [
        {
            "display_name": t(f"kube.{name}"),
            "description": t(f"kube.{name}_help"),
            "slug": name,
            **({"default": True} if name == kube.profiles[0] else {}),
            "kubespawner_override": _override(kube, resources[name]),
        }
        for name in kube.profiles
    ]


def _override(kube: KubeSettings, resource: str | None) -> dict[str, Any]:
    if resource is None:  # as much as `options` gives every pod
        return {"environment": WITHOUT_CARD}
    return {
        **LARGE,
        "environment": WITH_CARD,
        "extra_resource_limits": {**DISK, resource: "1"},
        "node_selector": dict(kube.gpu_nodes),
        "tolerations": [{"key": kube.gpu, "operator": "Exists", "effect": "NoSchedule"}],
    }


def options(kube: KubeSettings) -> dict[str, Any]:
    """Return the options of every pod, by the names of KubeSpawner's traits."""
    volumes: list[dict[str, Any]] = [
        {"name": "home", "persistentVolumeClaim": {"claimName": "{pvc_name}"}},
        TEMPORARY,
    ]
    mounts: list[dict[str, Any]] = [
        {"name": "home", "mountPath": HOME},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
    ]
    if kube.models:
        claim = {"claimName": kube.models, "readOnly": True}
        volumes.append({"name": "models", "persistentVolumeClaim": claim})
        mounts.append({"name": "models", "mountPath": MODELS, "readOnly": True})
    return {
        **SMALL,
        "image": kube.image,
        "image_pull_policy": "IfNotPresent",
        "cmd": ["genai-lab", "serve"],
        "uid": UID,
        "gid": UID,
        "fs_gid": UID,
        "allow_privilege_escalation": False,
        "container_security_context": ROOT,
        "pod_security_context": POD,
        "automount_service_account_token": False,
        "extra_pod_config": {"enableServiceLinks": False},
        "extra_resource_limits": DISK,
        "storage_pvc_ensure": True,
        "storage_capacity": kube.home,
        "storage_class": kube.storage_class,
        "volumes": volumes,
        "volume_mounts": mounts,
        "environment": environment(),
        "start_timeout": kube.wait_minutes * 60,
        "http_timeout": 120,
    }


def environment() -> dict[str, str]:
    """Return the lab's variables besides JupyterHub's own. Labs have no network to download weights."""
    return {
        "GENAI_WORK": f"{HOME}/work",
        "HF_HUB_CACHE": MODELS,
        "HF_HUB_OFFLINE": "1",
        "XDG_CACHE_HOME": "/tmp/cache",  # noqa: S108
    }
