"""Removes students at the end of a term: their work is exported first, then account and data are erased.

Nothing of a student is erased whose work could not be exported. What is to be done is written down before it
is begun, and what was done before the next student is: a kill loses neither. What a killed removal had begun
the next one ends.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from exercises.loader import assignment_ids
from grading.class_.collected import Missed
from hub.cohort import at_gateway, erasing
from hub.cohort.client import HubClient, HubRefused, User
from hub.cohort.collecting import collect
from hub.cohort.collection import Result
from hub.cohort.deadlines import without_extensions
from hub.cohort.errors import CohortError
from hub.cohort.lab_client import WITHOUT_GPU
from hub.cohort.starting import start
from hub.cohort.stopping import stop
from manifests.atomic import write_atomic

AT_ONCE = 8
Outcome = Literal["removed", "kept", "begun"]


class Removed(BaseModel):
    """What was done about one student. `why`: the reason if the student was kept.

    One that is `begun` was not ended: `planned` says what was about to be erased.
    """

    student: str
    groups: tuple[str, ...]
    outcome: Outcome
    why: str = ""
    exported: list[str] = []  # files below the export's folder
    unexported: list[str] = []  # assignments that nobody here knows, erased all the same as was asked for
    planned: list[str] = []  # of the state folder
    erased: list[str] = []  # files and folders of the state folder
    time: datetime


class Protocol(BaseModel):
    """The file `removed-<time>.json`."""

    hub: str
    began: datetime
    finished: list[str] = []  # what removals before this one had begun to erase
    students: list[Removed] = []


async def remove(
    hub: HubClient,
    users: Sequence[User],
    out: Path,
    state: Path,
    on_done: Callable[[Removed], None] = lambda _: None,
    *,
    unknown_too: bool = False,
) -> tuple[Path, list[Removed]]:
    """Export to `out`, then erase; return the protocol's file and what was done. Raises OSError too.

    `unknown_too`: erase also work that cannot be exported because nobody knows its assignment.
    """
    protocol = Protocol(hub=hub.address, began=datetime.now(UTC))
    file = out / f"removed-{protocol.began:%Y%m%dT%H%M%SZ}.json"
    out.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(done: Removed) -> None:
        """Put one student's newest state into the protocol."""
        others = [each for each in protocol.students if each.student != done.student]
        protocol.students = [*others, done]
        write_atomic(file, protocol.model_dump_json(indent=1).encode(), mode=0o600)

    accounts = [user.name for user in await hub.users()]
    protocol.finished = await asyncio.to_thread(erasing.finish_earlier, state, accounts)
    results = await _export(hub, users, out, state)
    for user in users:
        done = await _exported(user, results[user.name], state, unknown_too)
        if done.outcome == "begun":
            write(done)
            done = await _erase(hub, done, state)
        write(done)
        on_done(done)
    return file, protocol.students


async def _export(
    hub: HubClient, users: Sequence[User], out: Path, state: Path
) -> dict[str, list[tuple[str, Result]]]:
    """Collect every assignment of everyone. Labs that are off are started without a GPU, once.

    A student's folder may hold work of assignments that only the labs know; they are asked for it, too.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(user: User) -> None:
        async with slots:
            if user.server is None or not user.server.ready:
                await start(hub, user.name, WITHOUT_GPU)

    await asyncio.gather(*(run(user) for user in users))
    wanted = {user.name for user in users}
    running = [user for user in await hub.users() if user.name in wanted]
    found: dict[str, list[tuple[str, Result]]] = {user.name: [] for user in users}
    known = assignment_ids()
    whose = dict.fromkeys(known, running)
    for user in running:
        for assignment in await asyncio.to_thread(erasing.unknown_work, state, user.name, known):
            whose[assignment] = [*whose.get(assignment, ()), user]
    for assignment, theirs in whose.items():
        for result in await collect(hub, theirs, assignment, out / assignment, running_only=True):
            found[result.student].append((assignment, result))
    return found


async def _exported(
    user: User, results: Sequence[tuple[str, Result]], state: Path, unknown_too: bool
) -> Removed:
    """What was exported and is to be erased; `kept` where something could not be exported."""
    done = Removed(student=user.name, groups=user.groups, outcome="kept", time=datetime.now(UTC))
    known = assignment_ids()
    for assignment, result in results:
        if not isinstance(result, Missed):
            done.exported.append(f"{assignment}/{result.file}")
        elif result.why != "nothing" and assignment not in known and unknown_too:
            done.unexported.append(assignment)
        elif result.why != "nothing":
            why = f"{assignment}: {result.why} {result.reason}".strip()
            if assignment not in known:
                unknown = CohortError("cohort.remove.unknown", assignment=assignment)
                why = f"{why} {unknown}"
            return done.model_copy(update={"why": why})
    if not results:
        return done.model_copy(update={"why": "not exported"})
    planned = await asyncio.to_thread(erasing.found, state, user.name)
    planned += ["gateway"] if at_gateway.is_there(state) else []
    return done.model_copy(update={"outcome": "begun", "planned": planned})


async def _erase(hub: HubClient, done: Removed, state: Path) -> Removed:
    """Set the data aside, delete the account, erase the data. Where the Hub refuses, the data stay.

    What the gateway keeps goes first: while it does not answer, the removal can be done again as a whole.
    """
    name = done.student
    try:
        await stop(hub, name)
        async with hub.turns.turn():
            for group in (await hub.groups()).values():
                if (properties := without_extensions(group, name)) is not None:
                    await hub.set_properties(group.name, properties)
        elsewhere = await at_gateway.forget(state, name)
        await asyncio.to_thread(erasing.set_aside, state, name)
        try:
            await hub.delete_user(name)
        except HubRefused:
            await asyncio.to_thread(erasing.put_back, state, name)
            raise
        erased = [*elsewhere, *await asyncio.to_thread(erasing.erase, state, name)]
    except (CohortError, TimeoutError, OSError) as error:
        why = str(error) or type(error).__name__
        return done.model_copy(update={"outcome": "kept", "why": why})
    return done.model_copy(update={"outcome": "removed", "erased": erased, "time": datetime.now(UTC)})
