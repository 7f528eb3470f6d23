"""JupyterHub's configuration for labs that are containers of this machine's engine."""

from traitlets.config import Config

from hub.gateway import ports
from hub.settings import HubSettings
from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.docker.gpus.page import GpusHandler
from hub.spawners.docker.gpus.settings import GpuSettings
from hub.spawners.docker.settings import DockerSettings
from hub.spawners.environment import lab_settings

HOME = "/home/student"  # the same as in Dockerfile.gpu
MODELS = "/models"
# Folders of the host that are mounted into every container, by the setting that names them.
MOUNTED = {"GENAI_EXERCISES_DIR": "/exercises", "GENAI_MINI_WEIGHTS": "/mini-weights"}
CREATE_SECONDS = 60  # time for the engine to create a container


def configure(c: Config, settings: HubSettings) -> None:
    """Configure containers as DockerSettings say. Needs a running engine.

    Raises EngineError, and DevicesError if the list of GPUs cannot be used.
    """
    from hub.spawners.docker.container import host_config, running_leases
    from hub.spawners.docker.network import prepare_network
    from hub.spawners.docker.spawner import ContainerLab

    docker, gpus = DockerSettings(), GpuSettings()
    allocator = Allocator(settings.state.resolve() / "gpus.json", gpus.devices(), gpus.gpu_share)
    engine = prepare_network(docker, ports(settings))
    allocator.reconcile(running_leases(engine, docker.prefix))
    c.JupyterHub.spawner_class = ContainerLab
    # Running labs find the hub at this address, also after it was restarted. So do the proxy and the
    # services on this machine.
    c.JupyterHub.hub_bind_url = c.JupyterHub.hub_connect_url = f"http://{docker.gateway}:{settings.api_port}"
    c.JupyterHub.concurrent_spawn_limit = 0  # a student who waits for a GPU must not hold up the others
    c.JupyterHub.extra_handlers.append((r"/gpus", GpusHandler, {"allocator": allocator}))
    c.JupyterHub.template_vars["instructor_pages"].append(("gpus", "gpus.title"))
    c.ContainerLab.gpus = allocator
    c.ContainerLab.answer_timeout = docker.start_seconds
    c.ContainerLab.start_timeout = docker.start_seconds + CREATE_SECONDS
    c.ContainerLab.image = docker.image
    c.ContainerLab.prefix = docker.prefix
    c.ContainerLab.network_name = docker.prefix
    c.ContainerLab.mem_limit = int(docker.memory)
    c.ContainerLab.cpu_limit = docker.cpus
    c.ContainerLab.volumes = {f"{docker.prefix}-{{username}}": HOME}
    c.ContainerLab.read_only_volumes = shared_folders(docker)
    c.ContainerLab.environment = environment(docker)
    c.ContainerLab.confinement = host_config(docker)


def shared_folders(docker: DockerSettings) -> dict[str, str]:
    """Return the host's folders that every lab may only read, each with its path in the container."""
    settings = lab_settings()
    folders = {settings[name]: path for name, path in MOUNTED.items() if name in settings}
    return folders | ({str(docker.models.resolve()): MODELS} if docker.models else {})


def environment(docker: DockerSettings) -> dict[str, str]:
    """Return the lab's variables besides JupyterHub's own. Labs have no network to download weights."""
    return {
        **{name: MOUNTED.get(name, value) for name, value in lab_settings().items()},
        "GENAI_WORK": f"{HOME}/work",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": str(max(1, int(docker.cpus))),
    }
