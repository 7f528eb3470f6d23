"""The state of a whole class: each student's lab, GPU, last activity, progress and deadline.

Only a running lab can be asked for its student's progress. The progress of other students is unknown,
which is not zero.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.cohort.client import HubClient, HubRefused, HubUnreachable, Server, User
from hub.cohort.deadlines import due_for
from hub.cohort.lab_client import LabClient, LabError, Progress
from hub.cohort.text import printable_line

AT_ONCE = 8

LabState = Literal["ready", "starting", "stopping", "stopped"]


@dataclass(frozen=True)
class Row:
    """One student. `progress` is None unless the lab answered; `no_progress` is the reason if it did not."""

    user: str
    groups: tuple[str, ...]
    lab: LabState
    last_activity: datetime | None
    gpu: str | None
    progress: Progress | None
    no_progress: str
    due: datetime | None


async def overview(hub: HubClient, users: Sequence[User], assignment: str) -> list[Row]:
    """Return a row for each user, in their order."""
    groups = (await hub.groups()).values()
    due = {user.name: due_for(user.name, assignment, groups) for user in users}
    slots = asyncio.Semaphore(AT_ONCE)

    async with LabClient(hub) as labs:

        async def row(user: User) -> Row:
            async with slots:
                progress, no_progress = await ask_progress(labs, user, assignment)
            server = user.server
            return Row(
                user=user.name,
                groups=user.groups,
                lab=lab_state(server),
                last_activity=server.last_activity if server else user.last_activity,
                gpu=gpu_of(server) if server else None,
                progress=progress,
                no_progress=no_progress,
                due=due[user.name],
            )

        return list(await asyncio.gather(*(row(user) for user in users)))


async def ask_progress(labs: LabClient, user: User, assignment: str) -> tuple[Progress | None, str]:
    """Return the progress of a running lab, or why there is none; both are empty if the lab does not run."""
    if user.server is None or not user.server.ready:
        return None, ""
    try:
        return await labs.progress(user.name, user.server, assignment), ""
    except (LabError, HubRefused, HubUnreachable) as error:
        return None, str(error)


def lab_state(server: Server | None) -> LabState:
    if server is None:
        return "stopped"
    if server.pending == "stop":
        return "stopping"
    return "ready" if server.ready else "starting"


def gpu_of(server: Server) -> str | None:
    """Return the device that a lab holds, else what its student chose, as the spawner names it."""
    held = (server.state or {}).get("gpu")
    options = server.user_options or {}
    chosen = next((options[key] for key in ("processor", "gres", "profile") if options.get(key)), None)
    return printable_line(held) if held else printable_line(chosen) if chosen else None
