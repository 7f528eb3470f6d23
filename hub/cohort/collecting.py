"""Collects the work of a class that counts, while the students go on working.

That is each student's newest hand-in before the deadline; the lab chooses it (`lab/web/class_routes.py`).

Labs that do not run are started for it, without a GPU, and stopped again unless their student has used
them meanwhile.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grading.class_.collected import Collected
from hub.cohort.client import HubClient, HubRefused, HubUnreachable, Server, User
from hub.cohort.collection import (
    Missed,
    Result,
    StoredSnapshot,
    open_collection,
    record,
    store,
    student_folders,
    unused_name,
)
from hub.cohort.deadlines import due_for
from hub.cohort.lab_client import WITHOUT_GPU, LabClient, LabError
from hub.cohort.starting import start
from hub.cohort.stopping import stop

AT_ONCE = 4
_RECEIVING = ".receiving.part"  # the name of a zip that is not complete yet


async def collect(
    hub: HubClient,
    users: Sequence[User],
    assignment: str,
    out: Path,
    *,
    running_only: bool = False,
    on_done: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Store each student's work that counts. One that fails does not affect the others.

    `on_done` is called with each student's name. Raises CohortError if `out` holds something else or is
    being written by another process, and OSError if it cannot be written.
    """
    groups = list((await hub.groups()).values())
    due = {user.name: due_for(user.name, assignment, groups) for user in users}
    folders = dict(zip(due, student_folders(list(due)), strict=True))
    slots = asyncio.Semaphore(AT_ONCE)
    with open_collection(out, assignment) as collection:
        collection.missed = []
        for user in users:
            collection.students[folders[user.name]] = Collected(student=user.name, groups=user.groups)
        async with LabClient(hub) as labs:

            async def collect_one(user: User) -> Result:
                folder = out / folders[user.name]
                part = folder / _RECEIVING
                async with slots:
                    folder.mkdir(parents=True, exist_ok=True)
                    part.unlink(missing_ok=True)
                    try:
                        result = await _receive(
                            hub, labs, user, assignment, part, due[user.name], running_only
                        )
                        record(out, collection, result)
                        if isinstance(result, StoredSnapshot):
                            store(part, out / result.file)
                    finally:
                        part.unlink(missing_ok=True)
                on_done(user.name)
                return result

            try:
                async with asyncio.TaskGroup() as tasks:
                    results = [tasks.create_task(collect_one(user)) for user in users]
            except ExceptionGroup as several:  # such as a full disk, which fails every task: one is enough
                raise several.exceptions[0] from several
        return [task.result() for task in results]


def late_seconds(
    collected: datetime, changed: datetime | None, due: datetime | None, handed_in: datetime | None = None
) -> int:
    """Return how long after the deadline the collected work was last changed.

    Work is as old as its last change, and a hand-in is not changed any more. If a lab does not say when
    that was, or says a time in the future, the time of collecting counts.
    """
    if due is None:
        return 0
    last = min(moment for moment in (collected, changed, handed_in) if moment is not None)
    return max(0, int((last - due).total_seconds()))


async def _receive(
    hub: HubClient,
    labs: LabClient,
    user: User,
    assignment: str,
    part: Path,
    due: datetime | None,
    running_only: bool,
) -> Result:
    """Receive a student's zip into `part`, and return the record of it with its final name."""
    try:
        if user.server is None and running_only:
            return Missed(student=user.name, why="stopped")
        async with _running_lab(hub, user) as server:
            received = await labs.snapshot(user.name, server, assignment, part, due)
            now = datetime.now(UTC)
        if received is None:
            return Missed(student=user.name, why="nothing")
        late = late_seconds(now, received.changed, due, received.handed_in)
        sha256 = await asyncio.to_thread(_sha256, part)
        return StoredSnapshot(
            student=user.name,
            file=f"{part.parent.name}/{unused_name(part.parent, user.name, assignment, now)}",
            bytes=received.bytes,
            sha256=sha256,
            collected=now,
            handed_in=received.handed_in,
            changed=received.changed,
            due=due,
            late=late > 0,
            late_seconds=late,
        )
    except (LabError, HubRefused, HubUnreachable) as error:
        return Missed(student=user.name, why="failed", reason=str(error))


@asynccontextmanager
async def _running_lab(hub: HubClient, user: User) -> AsyncIterator[Server]:
    """Give the student's lab when it is ready. A lab that is started for it is stopped afterwards.

    Raises LabError.
    """
    if user.server is not None:
        yield user.server if user.server.ready else await _start(hub, user.name, None)
        return
    before = await hub.server(user.name)
    ready = None
    try:
        server = await _start(hub, user.name, WITHOUT_GPU)
        ready = await hub.now()
        yield server
    finally:
        # If this fails, the idle culler stops the lab later.
        with suppress(HubRefused, HubUnreachable, TimeoutError):
            await _stop_again(hub, user.name, ready, before)


async def _start(hub: HubClient, user: str, options: dict[str, Any] | None) -> Server:
    outcome = await start(hub, user, options)
    server = await hub.server(user)
    if outcome.state != "ready" or server is None:
        raise LabError("cohort.lab.not_started", reason=outcome.reason or "-")
    return server


async def _stop_again(hub: HubClient, user: str, ready: datetime | None, before: Server | None) -> None:
    """Stop a lab unless it was used since it was ready, and restore the student's own options.

    A lab tells its own start as activity too, perhaps only after it is ready; that is no use.
    """
    now = await hub.server(user)
    if ready and now and now.last_activity and now.last_activity > ready:
        return
    await stop(hub, user)
    await hub.set_options(user, (before.user_options if before else None) or {})


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
