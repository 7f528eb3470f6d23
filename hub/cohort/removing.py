"""Removes students at the end of a term: their work is exported first, then account and data are erased.

Nothing of a student is erased whose work could not be exported. What was done is written down for each
student before the next one begins, also what lies where this command cannot erase it.
"""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from exercises.loader import assignment_ids
from grading.class_.collected import Missed
from hub.class_page import FOLDER as CLASS_FOLDER
from hub.class_page.known import Known
from hub.cohort.client import HubClient, HubRefused, HubUnreachable, User
from hub.cohort.collecting import collect
from hub.cohort.collection import Result
from hub.cohort.deadlines import without_extensions
from hub.cohort.lab_client import WITHOUT_GPU
from hub.cohort.starting import start
from hub.cohort.stopping import stop
from hub.user_names import folder_name
from manifests.atomic import write_atomic

AT_ONCE = 8
Outcome = Literal["removed", "kept"]


class Removed(BaseModel):
    """What was done about one student. `why`: the reason if the student was kept."""

    student: str
    groups: tuple[str, ...]
    outcome: Outcome
    why: str = ""
    exported: list[str] = []  # files below the export's folder
    erased: list[str] = []  # files and folders of the state folder
    time: datetime


class Protocol(BaseModel):
    """The file `removed-<time>.json`."""

    hub: str
    began: datetime
    students: list[Removed] = []


async def remove(
    hub: HubClient,
    users: Sequence[User],
    out: Path,
    state: Path,
    on_done: Callable[[Removed], None] = lambda _: None,
) -> tuple[Path, list[Removed]]:
    """Export to `out`, then erase; return the protocol's file and what was done. Raises OSError too."""
    protocol = Protocol(hub=hub.address, began=datetime.now(UTC))
    file = out / f"removed-{protocol.began:%Y%m%dT%H%M%SZ}.json"
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    results = await _export(hub, users, out)
    for user in users:
        done = await _remove_one(hub, user, results[user.name], state)
        protocol.students.append(done)
        write_atomic(file, protocol.model_dump_json(indent=1).encode(), mode=0o600)
        on_done(done)
    return file, protocol.students


async def _export(hub: HubClient, users: Sequence[User], out: Path) -> dict[str, list[tuple[str, Result]]]:
    """Collect every assignment of everyone. Labs that are off are started without a GPU, once."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(user: User) -> None:
        async with slots:
            if user.server is None or not user.server.ready:
                await start(hub, user.name, WITHOUT_GPU)

    await asyncio.gather(*(run(user) for user in users))
    wanted = {user.name for user in users}
    running = [user for user in await hub.users() if user.name in wanted]
    found: dict[str, list[tuple[str, Result]]] = {user.name: [] for user in users}
    for assignment in assignment_ids():
        for result in await collect(hub, running, assignment, out / assignment, running_only=True):
            found[result.student].append((assignment, result))
    return found


async def _remove_one(
    hub: HubClient, user: User, results: Sequence[tuple[str, Result]], state: Path
) -> Removed:
    done = Removed(student=user.name, groups=user.groups, outcome="kept", time=datetime.now(UTC))
    for assignment, result in results:
        if not isinstance(result, Missed):
            done.exported.append(f"{assignment}/{result.file}")
        elif result.why != "nothing":
            return done.model_copy(update={"why": f"{assignment}: {result.why} {result.reason}".strip()})
    if not results:
        return done.model_copy(update={"why": "not exported"})
    try:
        await stop(hub, user.name)
        async with hub.turns.turn():
            for group in (await hub.groups()).values():
                if (properties := without_extensions(group, user.name)) is not None:
                    await hub.set_properties(group.name, properties)
        await hub.delete_user(user.name)
        done.erased.extend(await asyncio.to_thread(_erase, state, user.name))
    except (HubRefused, HubUnreachable, TimeoutError, OSError) as error:
        return done.model_copy(update={"why": str(error) or type(error).__name__})
    return done.model_copy(update={"outcome": "removed", "time": datetime.now(UTC)})


def _erase(state: Path, user: str) -> list[str]:
    """Erase what the state folder holds of a student; return what there was. Raises OSError."""
    erased = []
    home = state / "homes" / folder_name(user)  # of the local spawner
    if home.is_dir() and not home.is_symlink():
        shutil.rmtree(home)
        erased.append(f"homes/{home.name}")
    for log in (f"{folder_name(user)}.log", f"{folder_name(user)}.previous.log"):
        if (state / "logs" / log).is_file():
            (state / "logs" / log).unlink()
            erased.append(f"logs/{log}")
    if Known(state / CLASS_FOLDER).forget(user):
        erased.append(CLASS_FOLDER)
    return erased
