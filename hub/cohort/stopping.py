"""Stop labs, after looking who would lose a generation by it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.cohort.client import Hub, HubRefused, HubUnreachable, User
from hub.cohort.lab_client import Labs
from hub.cohort.overview import ask

AT_ONCE = 8
PATIENCE = 120.0  # seconds until a lab must have stopped
POLL_SECONDS = 0.5


def idle(users: Sequence[User], minutes: float | None, now: datetime) -> list[User]:
    """Those whose lab runs or is starting, and was not used for so many minutes."""
    running = [user for user in users if user.server is not None]
    if minutes is None:
        return running
    limit = now - timedelta(minutes=minutes)
    return [
        user
        for user in running
        if user.server and (user.server.last_activity or user.server.started or now) <= limit
    ]


async def generating(hub: Hub, users: Sequence[User], assignment: str) -> list[str]:
    """Whose lab is making a picture now, as far as the labs say so."""
    places = asyncio.Semaphore(AT_ONCE)
    async with Labs(hub) as labs:

        async def is_generating(user: User) -> bool:
            async with places:
                progress, _ = await ask(labs, user, assignment)
            return progress is not None and progress.running > 0

        found = await asyncio.gather(*(is_generating(user) for user in users))
    return [user.name for user, busy in zip(users, found, strict=True) if busy]


async def stop_all(hub: Hub, names: Sequence[str]) -> dict[str, str]:
    """Stop them and wait for it. Gives the reason by name for those that did not stop."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> str | None:
        async with places:
            try:
                await stop(hub, name)
            except (HubRefused, HubUnreachable, TimeoutError) as error:
                return str(error)
        return None

    reasons = await asyncio.gather(*(one(name) for name in names))
    return {name: reason for name, reason in zip(names, reasons, strict=True) if reason is not None}


async def stop(hub: Hub, name: str) -> None:
    """Stop one lab and wait until it has. Raises TimeoutError too."""
    await hub.stop(name)
    async with asyncio.timeout(PATIENCE):
        while True:
            server = await hub.server(name)
            if server is None or not (server.ready or server.pending):
                return
            await asyncio.sleep(POLL_SECONDS)
