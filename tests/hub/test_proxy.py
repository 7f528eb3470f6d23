"""Tests of the proxy alone: a real traefik with the hub's configuration, in front of a plain server."""

import asyncio
import time
from pathlib import Path

import httpx2
from traitlets.config import Config
from uvicorn import Config as UvicornConfig

from hub.proxy import Traefik, configure, free_port
from hub.settings import HubSettings

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_the_proxy_lets_go_of_a_resting_connection_before_the_server_behind_it(tmp_path: Path) -> None:
    rested = asyncio.run(_rest_behind_the_proxy(tmp_path))
    assert rested < UvicornConfig("").timeout_keep_alive


async def _rest_behind_the_proxy(state: Path) -> float:
    """Return for how many seconds the proxy left the connection of one request open."""
    rested: list[float] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request, and note how long the connection rested before the proxy closed it."""
        answered = time.monotonic()
        while await reader.read(65536):
            writer.write(ANSWER)
            await writer.drain()
            answered = time.monotonic()
        rested.append(time.monotonic() - answered)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    behind = "http://{}:{}".format(*server.sockets[0].getsockname())
    config = Config()
    configure(config, HubSettings(state=state))
    proxy = Traefik(config=config, public_url=f"http://127.0.0.1:{free_port()}")
    await proxy.start()
    try:
        await proxy.add_route("/", behind, {})
        async with httpx2.AsyncClient(base_url=proxy.public_url) as client:
            assert (await client.put("/")).text == "ok"
            await asyncio.wait_for(_until(rested), 60)
    finally:
        await proxy.stop()
        server.close()
    return rested[0]


async def _until(found: list[float]) -> None:
    while not found:
        await asyncio.sleep(0.1)
