"""The labs' network: from it only the hub's API is reached, and the proxy reaches the labs.

A bridge of its own, `internal` (no way out, so neither the internet nor a cloud's metadata address) and
without traffic between containers. What is left is the host itself, at the bridge's gateway: there a
firewall chain lets in the hub's port and nothing else. Setting it takes root; a hub without root says
what to run: `python -m hub.spawners.docker_network`, as a service unit does before it starts the hub.
"""

import logging
import os
import subprocess

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import IPAMConfig, IPAMPool
from docker.utils import kwargs_from_env

from exercises.errors import CatalogueError
from exercises.i18n import preferred_language, translator
from hub.settings import HubSettings
from hub.spawners.docker_settings import DockerSettings

log = logging.getLogger(__name__)


class EngineError(CatalogueError):
    """The container engine, its network or the firewall is not as the labs need it."""

    package = "hub"


def engine() -> APIClient:
    """The engine that `DOCKER_HOST` names, or the usual one. Raises EngineError where it does not answer."""
    try:
        return APIClient(version="auto", **kwargs_from_env())
    except DockerException as error:
        address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        raise EngineError("docker.no_engine", address=address, reason=_reason(error)) from error


def _reason(error: BaseException) -> str:
    """What the operating system said, below all the layers between it and us."""
    inner: BaseException | None = error
    while inner:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)[:300]


def ensure_network(client: APIClient, settings: DockerSettings) -> None:
    """Make the network, or check that the one of that name is as it must be. Raises EngineError."""
    try:
        there = client.inspect_network(settings.prefix)
    except NotFound:
        try:
            client.create_network(
                settings.prefix,
                driver="bridge",
                internal=True,
                options=_options(settings),
                ipam=IPAMConfig(
                    pool_configs=[IPAMPool(subnet=str(settings.subnet), gateway=str(settings.gateway))]
                ),
            )
        except APIError as error:
            raise EngineError(
                "docker.no_network", network=settings.prefix, reason=error.explanation
            ) from error
        return
    pool = there["IPAM"]["Config"][0] if there["IPAM"]["Config"] else {}
    if (
        not there["Internal"]
        or not _options(settings).items() <= (there["Options"] or {}).items()
        or pool.get("Subnet") != str(settings.subnet)
        or pool.get("Gateway") != str(settings.gateway)
    ):
        raise EngineError("docker.other_network", network=settings.prefix)


def _options(settings: DockerSettings) -> dict[str, str]:
    return {
        "com.docker.network.bridge.name": settings.bridge,
        "com.docker.network.bridge.enable_icc": "false",
    }


def firewall(settings: DockerSettings, port: int) -> str:
    """What `iptables-restore --noflush` reads: one chain that lets in answers and the hub's port alone."""
    chain = _chain(settings)
    return "\n".join(
        [
            "*filter",
            f":{chain} - [0:0]",
            f"-A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            f"-A {chain} -d {settings.gateway} -p tcp -m tcp --dport {port} -j ACCEPT",
            f"-A {chain} -j REJECT --reject-with icmp-admin-prohibited",
            "COMMIT\n",
        ]
    )


def set_firewall(settings: DockerSettings, port: int) -> None:
    """Put the chain before all else that comes in from the labs' bridge; again and again without harm.

    Takes root. Raises EngineError where iptables refuses.
    """
    entry = ["INPUT", "-i", settings.bridge, "-j", _chain(settings)]
    _run(["iptables-restore", "--wait", "--noflush"], firewall(settings, port))
    if subprocess.run(["iptables", "--wait", "-C", *entry], capture_output=True, check=False).returncode:
        _run(["iptables", "--wait", "-I", *entry])


def prepare(settings: DockerSettings, port: int) -> APIClient:
    """Network and firewall, and the engine they are on. Raises EngineError.

    Without root the firewall is left to whoever has it, and the log says so.
    """
    client = engine()
    ensure_network(client, settings)
    if os.geteuid() == 0:
        set_firewall(settings, port)
    else:
        log.warning(translator("hub", preferred_language())("docker.no_root", bridge=settings.bridge))
    return client


def _chain(settings: DockerSettings) -> str:
    return f"LABS-{settings.bridge}"


def _run(command: list[str], text: str = "") -> None:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError("docker.no_firewall", reason=f"{command[0]}: {error}"[:300]) from error
    if done.returncode:
        raise EngineError("docker.no_firewall", reason=done.stderr.strip()[:300])


if __name__ == "__main__":
    prepare(DockerSettings(), HubSettings().api_port)
