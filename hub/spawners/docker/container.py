"""What the engine is told about a lab's container: its limits, its GPU, and labels to find it again.

The container gets no right beyond those of its processes: no capabilities, no new privileges, a
read-only root, and a limit on everything.
"""

from typing import Any

from docker import APIClient
from docker.types import DeviceRequest, Ulimit

from hub.spawners.docker.settings import DockerSettings

USER = "1000:1000"
HUB_LABEL = "genai-lab.hub"  # the prefix of the hub that made the container
SERVER_LABEL = "genai-lab.server"  # the lab's server, as "<user>/<server>"
GPU_LABEL = "genai-lab.gpu"  # the id of the device that the lab holds


def host_config(docker: DockerSettings) -> dict[str, Any]:
    """Return each container's limits, as arguments of docker-py's `create_host_config`."""
    files, size = docker.open_files, int(docker.file_size)
    return {
        "auto_remove": False,  # a container that died is kept until its last words have been read
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "read_only": True,
        "tmpfs": {"/tmp": f"rw,noexec,nosuid,nodev,mode=1777,size={int(docker.temporary)}"},  # noqa: S108
        "shm_size": int(docker.shared_memory),
        "memswap_limit": int(docker.memory),  # limits memory and swap together, so there is no swap
        "pids_limit": docker.processes,
        "ulimits": [
            Ulimit(name="nofile", soft=files, hard=files),
            Ulimit(name="fsize", soft=size, hard=size),
            Ulimit(name="core", soft=0, hard=0),
        ],
        # Without this the engine would pass unknown names to the host's resolver, which is a way out.
        "dns": ["127.0.0.1"],
        "dns_opt": ["timeout:1", "attempts:1"],
        "log_config": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}},
    }


def container_labels(prefix: str, holder: str, device: str | None) -> dict[str, str]:
    """Return the labels that tell a restarted hub whose a container is and which GPU it holds."""
    labels = {HUB_LABEL: prefix, SERVER_LABEL: holder}
    return {**labels, GPU_LABEL: device} if device else labels


def gpu_requests(device: str | None) -> list[DeviceRequest]:
    """Ask the engine for one GPU, or for none."""
    if device is None:
        return []
    return [DeviceRequest(device_ids=[device], capabilities=[["gpu", "compute", "utility"]])]


def running_leases(client: APIClient, prefix: str) -> dict[str, str]:
    """Return which device each running container holds, by the holder's name."""
    containers = client.containers(filters={"label": [f"{HUB_LABEL}={prefix}", GPU_LABEL]})
    return {container["Labels"][SERVER_LABEL]: container["Labels"][GPU_LABEL] for container in containers}
