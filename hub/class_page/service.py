"""The process beside the Hub: `python -m hub.class_page.service STATE [GATEWAY]`, started by the Hub.

It listens on a free port of this machine, which it writes to `<state>/class/address`, and ends with the Hub.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import uvicorn

from exercises.loader import assignment_ids
from grading.commands import DEFAULT_ASSIGNMENT
from hub.class_page import ADDRESS_FILE, FOLDER, GATEWAY_TOKEN
from hub.class_page.actions import Actions
from hub.class_page.app import build_app
from hub.class_page.known import Known
from hub.class_page.shared import GatewayClient
from hub.class_page.watch import Watch
from hub.cohort.client import HubClient, HubRefused, HubUnreachable
from hub.cohort.lab_client import LabClient
from manifests.atomic import write_atomic

HUB_SECONDS = 120  # how long the Hub may take to answer for the first time


class Server(uvicorn.Server):
    """Writes where it listens once it does."""

    def __init__(self, config: uvicorn.Config, file: Path) -> None:
        super().__init__(config)
        self._file = file

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        port = self.servers[0].sockets[0].getsockname()[1]
        write_atomic(self._file, f"http://127.0.0.1:{port}".encode(), mode=0o600)


async def serve(folder: Path, gateway: str) -> None:
    """Serve until told to end."""
    token = os.environ["JUPYTERHUB_API_TOKEN"]
    address = os.environ["JUPYTERHUB_API_URL"].rstrip("/").removesuffix("/hub/api")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shared = GatewayClient(gateway, os.environ[GATEWAY_TOKEN]) if gateway else None
    await _wait_for_hub(address, token)
    async with (
        HubClient(address, token, state=folder.parent) as hub,
        LabClient(hub, beside=True) as labs,
    ):
        watch = Watch(hub, labs, await asyncio.to_thread(Known, folder), shared, DEFAULT_ASSIGNMENT)
        app = build_app(watch, Actions(watch), token, assignment_ids())
        config = uvicorn.Config(app, "127.0.0.1", 0, log_level="warning", access_log=False)
        rounds = asyncio.create_task(watch.run())
        try:
            await Server(config, folder / ADDRESS_FILE).serve()
        finally:
            rounds.cancel()
            with suppress(asyncio.CancelledError):
                await rounds
            if shared is not None:
                await shared.close()


async def _wait_for_hub(address: str, token: str) -> None:
    """The Hub starts its services before it is ready itself."""
    until = asyncio.get_running_loop().time() + HUB_SECONDS
    while True:
        try:
            async with HubClient(address, token):
                return
        except (HubRefused, HubUnreachable):
            if asyncio.get_running_loop().time() > until:
                raise
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]) / FOLDER, sys.argv[2] if len(sys.argv) > 2 else ""))
