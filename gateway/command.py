"""`genai-lab gateway`: what a class shares, alone or as a service of the Hub."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from exercises.errors import MissingExtra, SystemReason
from exercises.i18n import preferred_language, translator
from gateway.people import GatewayError, HubPeople, People, PeopleFile
from gateway.settings import GatewaySettings
from lab.web.server import listen

if TYPE_CHECKING:
    from lab.engine.line import LineEngine

GRACE = 2  # seconds that answers under way get when the gateway is closed


def gateway(
    host: Annotated[str | None, typer.Option(help="The address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. [default: 7880]")] = None,
    state: Annotated[
        Path | None, typer.Option(help="All the gateway keeps. [default: gateway-state]")
    ] = None,
) -> None:
    """Serve a class: draw for all labs in fair turn, and sign what was drawn, until you press Ctrl-C."""
    asked: dict[str, Any] = {"host": host, "port": port, "state": state}
    settings = GatewaySettings(**{name: value for name, value in asked.items() if value is not None})
    # Before torch is loaded: its threads (OpenMP) wait for each other asleep. Awake, one that shares its core
    # with a lab lets all of them burn theirs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.umask(0o077)  # only this account may read what the gateway keeps
    folder = settings.state.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GatewayError("state", state=folder, reason=SystemReason(error)) from error
    people = _people(settings, folder)
    server = listen(settings.host, settings.port)

    import uvicorn

    from gateway.app import Gateway, build_gateway

    t = translator("gateway", preferred_language())
    console = Console(highlight=False, soft_wrap=True)
    address = f"http://{settings.host}:{server.getsockname()[1]}"

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            console.print(t("ready", address=f"{address}/v1"))
            if isinstance(people, PeopleFile):
                console.print(t("people.where", file=folder / "people.csv"), markup=False)

    app = build_gateway(Gateway(folder, people, _engine(settings)))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
    Server(config).run(sockets=[server])


def _people(settings: GatewaySettings, folder: Path) -> People:
    if settings.hub_api_url and settings.hub_token:
        return HubPeople(settings.hub_api_url, settings.hub_token)
    return PeopleFile(folder / "people.csv")


def _engine(settings: GatewaySettings) -> "LineEngine":
    """One in this process, or replicas on Ray."""
    if not settings.replicas:
        from lab.engine.local import LocalEngine

        return LocalEngine()
    if find_spec("ray") is None:
        raise MissingExtra("ray", "ray")
    from gateway.replicas import ReplicaEngine

    return ReplicaEngine(settings.replicas, settings.replica_cpus, settings.replica_gpus)
