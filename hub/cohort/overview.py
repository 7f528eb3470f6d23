"""The class at a glance: whose lab runs, on what, since when unused, how far they are, until when.

Progress comes from the labs that run; of one that does not run nothing is known, which is not zero.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.cohort.client import Hub, HubRefused, HubUnreachable, Server, User, tame
from hub.cohort.deadlines import due_for
from hub.cohort.lab_client import Labs, NoAnswer, Progress

AT_ONCE = 8

LabState = Literal["ready", "starting", "stopping", "stopped"]


@dataclass(frozen=True)
class Row:
    """One student. `progress` is None unless the lab runs and answered; `silence` says why it did not."""

    user: str
    groups: tuple[str, ...]
    lab: LabState
    last_activity: datetime | None
    gpu: str | None
    progress: Progress | None
    silence: str
    due: datetime | None


async def overview(hub: Hub, users: Sequence[User], assignment: str) -> list[Row]:
    """A row for each user, in their order."""
    groups = (await hub.groups()).values()
    due = {user.name: due_for(user.name, assignment, groups) for user in users}
    places = asyncio.Semaphore(AT_ONCE)

    async with Labs(hub) as labs:

        async def row(user: User) -> Row:
            async with places:
                progress, silence = await ask(labs, user, assignment)
            server = user.server
            return Row(
                user=user.name,
                groups=user.groups,
                lab=lab_state(server),
                last_activity=server.last_activity if server else user.last_activity,
                gpu=gpu_of(server) if server else None,
                progress=progress,
                silence=silence,
                due=due[user.name],
            )

        return list(await asyncio.gather(*(row(user) for user in users)))


async def ask(labs: Labs, user: User, assignment: str) -> tuple[Progress | None, str]:
    """The progress of a running lab, else why there is none; nothing at all of one that does not run."""
    if user.server is None or not user.server.ready:
        return None, ""
    try:
        return await labs.progress(user.name, user.server, assignment), ""
    except (NoAnswer, HubRefused, HubUnreachable) as error:
        return None, str(error)


def lab_state(server: Server | None) -> LabState:
    if server is None:
        return "stopped"
    if server.pending == "stop":
        return "stopping"
    return "ready" if server.ready else "starting"


def gpu_of(server: Server) -> str | None:
    """The device a lab holds, else what its student asked for, in the spawner's own words."""
    held = (server.state or {}).get("gpu")
    wishes = server.user_options or {}
    wish = next((wishes[key] for key in ("processor", "gres", "profile") if wishes.get(key)), None)
    return tame(held) if held else tame(wish) if wish else None
