"""The labs' network: a lab reaches the hub's API and the gateway alone, and the proxy reaches the labs.

The network is a bridge of its own. It is `internal`, so there is no way to the internet or to a
cloud's metadata address, and it carries no traffic between containers. What remains reachable is the
host itself, at the bridge's gateway: there a firewall chain accepts the hub's two ports and rejects
the rest. Setting the firewall takes root. For a hub that does not run as root, the service unit runs
`python -m hub.spawners.docker.network` as root before it starts the hub.
"""

import logging
import os
import subprocess
from collections.abc import Sequence

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound
from docker.types import IPAMConfig, IPAMPool
from docker.utils import kwargs_from_env

from exercises.errors import CatalogueError, SystemReason
from exercises.i18n import preferred_language, translator
from hub.gateway import ports
from hub.settings import HubSettings
from hub.spawners.docker.settings import DockerSettings

log = logging.getLogger(__name__)


class EngineError(CatalogueError):
    """The container engine, its network or the firewall cannot be used for labs."""

    package = "hub"


def prepare_network(settings: DockerSettings, ports: Sequence[int]) -> APIClient:
    """Make the network and the firewall, and return a client of the engine. Raises EngineError.

    Without root the firewall is left alone, and the log says so.
    """
    client = connect()
    ensure_network(client, settings)
    if os.geteuid() == 0:
        set_firewall(settings, ports)
    else:
        log.warning(translator("hub", preferred_language())("docker.no_root", bridge=settings.bridge))
    return client


def connect() -> APIClient:
    """Connect to the engine that `DOCKER_HOST` names, or to the default one. Raises EngineError."""
    try:
        return APIClient(version="auto", **kwargs_from_env())
    except DockerException as error:
        address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        raise EngineError("docker.no_engine", address=address, reason=_root_cause(error)) from error


def _root_cause(error: BaseException) -> SystemReason | str:
    """Return what the operating system reported, below the exceptions that libraries wrapped around it."""
    inner: BaseException | None = error
    while inner:
        if isinstance(inner, OSError) and inner.strerror:
            return SystemReason(inner)
        inner = inner.__cause__ or inner.__context__
    return str(error)[:300]


def ensure_network(client: APIClient, settings: DockerSettings) -> None:
    """Make the network, or check that the existing one has the right options. Raises EngineError."""
    try:
        network = client.inspect_network(settings.prefix)
    except NotFound:
        _create_network(client, settings)
        return
    pool = network["IPAM"]["Config"][0] if network["IPAM"]["Config"] else {}
    if (
        not network["Internal"]
        or not _options(settings).items() <= (network["Options"] or {}).items()
        or pool.get("Subnet") != str(settings.subnet)
        or pool.get("Gateway") != str(settings.gateway)
    ):
        raise EngineError("docker.other_network", network=settings.prefix)


def _create_network(client: APIClient, settings: DockerSettings) -> None:
    pool = IPAMPool(subnet=str(settings.subnet), gateway=str(settings.gateway))
    try:
        client.create_network(
            settings.prefix,
            driver="bridge",
            internal=True,
            options=_options(settings),
            ipam=IPAMConfig(pool_configs=[pool]),
        )
    except APIError as error:
        raise EngineError("docker.no_network", network=settings.prefix, reason=error.explanation) from error


def _options(settings: DockerSettings) -> dict[str, str]:
    return {
        "com.docker.network.bridge.name": settings.bridge,
        "com.docker.network.bridge.enable_icc": "false",
    }


def firewall_rules(settings: DockerSettings, ports: Sequence[int]) -> str:
    """Return the input of `iptables-restore --noflush`: a chain that accepts answers and the hub's ports."""
    chain = _chain(settings)
    return "\n".join(
        [
            "*filter",
            f":{chain} - [0:0]",
            f"-A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
            *(f"-A {chain} -d {settings.gateway} -p tcp -m tcp --dport {port} -j ACCEPT" for port in ports),
            f"-A {chain} -j REJECT --reject-with icmp-admin-prohibited",
            "COMMIT\n",
        ]
    )


def set_firewall(settings: DockerSettings, ports: Sequence[int]) -> None:
    """Put the chain before all other rules for traffic from the labs' bridge; may be repeated.

    Takes root. Raises EngineError if iptables refuses.
    """
    entry = ["INPUT", "-i", settings.bridge, "-j", _chain(settings)]
    _run(["iptables-restore", "--wait", "--noflush"], firewall_rules(settings, ports))
    if subprocess.run(["iptables", "--wait", "-C", *entry], capture_output=True, check=False).returncode:
        _run(["iptables", "--wait", "-I", *entry])


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
    prepare_network(DockerSettings(), ports(HubSettings()))
