"""A queue that lets only a few labs start at the same time."""

import asyncio


class StartQueue:
    """Admits at most `limit` starts at a time, in the order in which they arrived."""

    def __init__(self, limit: int) -> None:
        self._slots = asyncio.Semaphore(limit)
        self._waiting: list[object] = []

    def position(self, item: object) -> int:
        """Return the item's place in the queue, from 1; 0 if it does not wait (any more)."""
        return self._waiting.index(item) + 1 if item in self._waiting else 0

    async def acquire(self, item: object) -> None:
        """Wait until the item may start."""
        self._waiting.append(item)
        try:
            await self._slots.acquire()
        finally:
            self._waiting.remove(item)

    def release(self) -> None:
        """Let the next item start."""
        self._slots.release()
