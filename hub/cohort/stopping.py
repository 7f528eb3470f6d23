"""Stops labs, and finds out beforehand which of them are generating a picture."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from hub.cohort.client import HubClient, HubRefused, HubUnreachable, User
from hub.cohort.lab_client import LabClient
from hub.cohort.overview import ask_progress

AT_ONCE = 8
STOP_SECONDS = 120.0  # how long a lab may take to stop
POLL_SECONDS = 0.5


def users_to_stop(users: Sequence[User], idle_minutes: float | None, now: datetime) -> list[User]:
    """Return users whose lab runs or is starting, and has been idle for that long if a time is given."""
    running = [user for user in users if user.server is not None]
    if idle_minutes is None:
        return running
    limit = now - timedelta(minutes=idle_minutes)
    return [
        user
        for user in running
        if user.server and (user.server.last_activity or user.server.started or now) <= limit
    ]


async def users_generating(hub: HubClient, users: Sequence[User], assignment: str) -> list[str]:
    """Return the names of those whose lab says that it is generating a picture now."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with LabClient(hub) as labs:

        async def is_generating(user: User) -> bool:
            async with slots:
                progress, _ = await ask_progress(labs, user, assignment)
            return progress is not None and progress.running > 0

        found = await asyncio.gather(*(is_generating(user) for user in users))
    return [user.name for user, busy in zip(users, found, strict=True) if busy]


async def stop_all(hub: HubClient, names: Sequence[str]) -> dict[str, str]:
    """Stop the labs and wait until they have stopped. Return the reason for each that did not, by name."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def stop_one(name: str) -> str | None:
        async with slots:
            try:
                await stop(hub, name)
            except (HubRefused, HubUnreachable, TimeoutError) as error:
                return str(error)
        return None

    reasons = await asyncio.gather(*(stop_one(name) for name in names))
    return {name: reason for name, reason in zip(names, reasons, strict=True) if reason is not None}


async def stop(hub: HubClient, name: str) -> None:
    """Stop one lab and wait until it has stopped. Raises TimeoutError too."""
    await hub.stop(name)
    async with asyncio.timeout(STOP_SECONDS):
        while True:
            server = await hub.server(name)
            if server is None or not (server.ready or server.pending):
                return
            await asyncio.sleep(POLL_SECONDS)
