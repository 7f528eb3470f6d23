"""`genai-lab hub` starts JupyterHub with this project's configuration.

The console shows what the person who starts it needs. All output of JupyterHub, the proxy and the
services goes to `hub.log` in the state folder.
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

from exercises.errors import SystemReason
from exercises.i18n import preferred_language, translator
from hub import guards
from hub.announcement import announcement
from hub.configuration import configure, private_folder
from hub.errors import HubError
from hub.proxy import STATIC_CONFIGURATION, free_port
from hub.settings import HubSettings, SpawnerName
from hub.spawners.failures import failure_from_log_file
from hub.stale_processes import end_stale_processes

LOG = "hub.log"
MAX_LOG_BYTES = 20_000_000  # a longer log becomes hub.log.1 at the next start


def hub(
    spawner: Annotated[SpawnerName | None, typer.Option(help="Where labs run. [default: local]")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one. [default: 8000]")] = None,
    state: Annotated[Path | None, typer.Option(help="All the hub keeps. [default: hub-state]")] = None,
) -> None:
    """Start JupyterHub: students log in, and each gets a lab of their own."""
    options = {"spawner": spawner, "port": port, "state": state}
    settings = HubSettings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    if settings.port == 0:
        settings = settings.model_copy(update={"port": free_port()})
    try:
        guards.require_safe_start(settings)
    except guards.UnsafeStart as refused:
        print(refused, file=sys.stderr)
        raise typer.Exit(2) from refused
    os.umask(0o077)  # only this account may read what the hub and its children write
    folder = private_folder(settings.state)
    with _lock(folder):
        end_stale_processes(folder, folder / STATIC_CONFIGURATION)
        _require_free_port(settings.host, settings.port, "GENAI_HUB_PORT")
        _require_free_port("127.0.0.1", settings.api_port, "GENAI_HUB_API_PORT")
        if settings.gateway:
            _require_free_port("127.0.0.1", settings.gateway_port, "GENAI_HUB_GATEWAY_PORT")
        lines = announcement(settings)  # must come first, because `configure` makes the passwords' file
        config = Config()
        configure(config, settings)
        try:
            _run(config, lines, folder / LOG)
        finally:
            end_stale_processes(folder, folder / STATIC_CONFIGURATION)  # an interrupted start leaves a proxy


def _run(config: Config, lines: list[str], log: Path) -> None:
    """Run JupyterHub in this process until it is stopped. Raises typer.Exit(1) if it cannot start."""
    from hub.app import run

    t = translator("hub", preferred_language())
    console = _redirect_output(log)
    try:
        run(config, ready=lambda: print(*lines, sep="\n", file=console, flush=True))
    except KeyboardInterrupt:  # Ctrl-C came before JupyterHub handles signals
        pass
    except SystemExit as ended:
        if ended.code:
            reason = failure_from_log_file(log)
            print(t("start.failed", reason=reason, file=log), file=console, flush=True)
            raise typer.Exit(1) from ended
    print(t("start.closed"), file=console, flush=True)


def _redirect_output(log: Path) -> TextIO:
    """Redirect the output of this process and its children to the log, and return the console."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_name(f"{LOG}.1"))
    console = os.fdopen(os.dup(1), "w", encoding="utf-8")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    return console


def _lock(state: Path) -> FileLock:
    """Acquire the state folder's lock. Raises HubError while another hub holds it."""
    lock = FileLock(state / "hub.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as held:
        raise HubError("error.running", state=state) from held
    return lock


def _require_free_port(host: str, port: int, setting: str) -> None:
    """Raises HubError if something already listens on the port."""
    with suppress(socket.gaierror):  # JupyterHub has a better message for a name that is not found
        family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise HubError(
                    "error.port", host=host, port=port, reason=SystemReason(error), setting=setting
                ) from error
