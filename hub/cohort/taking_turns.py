"""One after the other: whoever changes a group's properties reads them first, and replaces all of them.

So two changes at the same time would leave one of them. Turns are taken within a process, and between the
processes that share a Hub's state folder: the class's page and the commands on the Hub's machine.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

FILE = "groups.lock"
LOOK_EVERY = 0.05  # seconds between two tries while another process has its turn


class Turns:
    """Of one client. `state` is the Hub's state folder, where it lies on this machine."""

    def __init__(self, state: Path | None = None) -> None:
        self._mine = asyncio.Lock()
        there = state is not None and state.is_dir()
        self._all = FileLock(state / FILE, thread_local=False) if state and there else None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Within this, nobody else changes a group's properties."""
        async with self._mine:
            held = await self._others_wait()
            try:
                yield
            finally:
                if held is not None:
                    held.release()

    async def _others_wait(self) -> FileLock | None:
        """The lock between processes; None where there is no folder for it, or it cannot be written."""
        while self._all is not None:
            try:
                self._all.acquire(timeout=0)
            except Timeout:
                await asyncio.sleep(LOOK_EVERY)
            except OSError:
                return None
            else:
                break
        return self._all
