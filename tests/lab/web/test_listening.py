"""The socket that a server listens on: answers over a connection that stays open wait for nothing."""

import asyncio
import socket

from lab.web.server import listen


def test_a_connection_that_stays_open_sends_without_delay() -> None:
    """What is written in two parts must not wait for the other side's word on the first (40 ms on Linux)."""

    async def delayed() -> int:
        accepted: asyncio.Queue[socket.socket] = asyncio.Queue()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            accepted.put_nowait(writer.get_extra_info("socket"))
            await reader.read()
            writer.close()

        own = listen("127.0.0.1", 0)
        async with await asyncio.start_server(answer, sock=own):
            _, writer = await asyncio.open_connection(*own.getsockname())
            connection = await accepted.get()
            without = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
        return without

    assert asyncio.run(delayed())
