"""`genai-lab hub`: JupyterHub with this project's configuration.

The console says what the person who starts it needs; all that JupyterHub, the proxy and the
services say goes to `hub.log` in the state folder.
"""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TextIO

import typer
from filelock import FileLock, Timeout
from traitlets.config import Config

from exercises.i18n import preferred_language, translator
from hub import guards
from hub.announcement import announcement
from hub.configuration import configure, private_folder
from hub.errors import HubError
from hub.left_over import end_left_over
from hub.proxy import STATIC, free_port
from hub.settings import HubSettings, SpawnerName
from hub.spawners.reasons import reason_in_file

LOG = "hub.log"
LONGEST_LOG = 20_000_000  # bytes; a longer one becomes hub.log.1 at the next start


def hub(
    spawner: Annotated[SpawnerName | None, typer.Option(help="Where labs run. [default: local]")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. [default: 8000]")] = None,
    state: Annotated[Path | None, typer.Option(help="All the hub keeps. [default: hub-state]")] = None,
) -> None:
    """Start JupyterHub: students log in, and each gets a lab of their own."""
    asked = {"spawner": spawner, "port": port, "state": state}
    settings = HubSettings(**{name: value for name, value in asked.items() if value is not None})  # type: ignore[arg-type]
    if settings.port == 0:
        settings = settings.model_copy(update={"port": free_port()})
    try:
        guards.check(settings)
    except guards.UnsafeStart as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(2) from refused
    os.umask(0o077)  # whatever the hub and its children write is for this account alone
    folder = private_folder(settings.state)
    with _alone(folder):
        end_left_over(folder, folder / STATIC)
        _free(settings.host, settings.port, "GENAI_HUB_PORT")
        _free("127.0.0.1", settings.api_port, "GENAI_HUB_API_PORT")
        said = announcement(settings)  # before the passwords' file is there, to know whether they are new
        config = Config()
        configure(config, settings)
        try:
            _run(config, said, folder / LOG)
        finally:
            end_left_over(folder, folder / STATIC)  # a start that was broken off leaves a proxy, too


def _run(config: Config, said: list[str], log: Path) -> None:
    """Run JupyterHub in this process until it is stopped. Raises typer.Exit(1) when it could not start."""
    from hub.app import run

    t = translator("hub", preferred_language())
    console = _redirect(log)
    try:
        run(config, ready=lambda: print(*said, sep="\n", file=console, flush=True))
    except KeyboardInterrupt:  # before JupyterHub listens to signals
        pass
    except SystemExit as ended:
        if ended.code:
            print(t("start.failed", reason=reason_in_file(log), file=log), file=console, flush=True)
            raise typer.Exit(1) from ended
    print(t("start.closed"), file=console, flush=True)


def _redirect(log: Path) -> TextIO:
    """From now on, what this process and its children print goes to the log; gives the console as it was."""
    if log.exists() and log.stat().st_size > LONGEST_LOG:
        log.replace(log.with_name(f"{LOG}.1"))
    console = os.fdopen(os.dup(1), "w", encoding="utf-8")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    return console


def _alone(state: Path) -> FileLock:
    """The state folder's lock, held. Raises HubError while another hub holds it."""
    lock = FileLock(state / "hub.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as held:
        raise HubError("error.running", state=state) from held
    return lock


def _free(host: str, port: int, setting: str) -> None:
    """Raises HubError when something listens there already."""
    with suppress(socket.gaierror):  # a name that JupyterHub will complain about better
        family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise HubError(
                    "error.port", host=host, port=port, reason=error.strerror, setting=setting
                ) from error
