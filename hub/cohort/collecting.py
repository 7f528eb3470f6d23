"""Snapshots of a class's work, in the layout `genai-lab grade` reads, and never changed again.

    OUT/STUDENT/STUDENT-ASSIGNMENT-TIME.zip   what the lab froze, read-only; the newest is the one graded
    OUT/collected.json                        of each: when, of when the work is, the deadline, late or not
    OUT/SHA256SUMS                            for `sha256sum --check`

Every student has a folder, so that who gave nothing is seen when grading. A zip is received under
another name, checked, synced, noted and then renamed: whenever the process is killed, each zip that
is there is whole and noted, and what was noted and is not there is forgotten in the next round.
Labs that do not run are started for it, without a GPU, and stopped again unless their student came
in meanwhile.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grading.entries import COLLECTED, RESERVED
from grading.frozen import hand_in_name
from grading.names import safe_name
from hub.cohort.client import Hub, HubRefused, HubUnreachable, Server, User
from hub.cohort.deadlines import due_for
from hub.cohort.errors import CohortError
from hub.cohort.lab_client import WITHOUT_GPU, Labs, NoAnswer
from hub.cohort.starting import start
from hub.cohort.stopping import stop
from manifests.atomic import sync_folder, write_atomic

AT_ONCE = 4
FILE, SUMS = COLLECTED
_LOCK = ".collect.lock"
_PART = ".receiving.part"


class Taken(BaseModel):
    """One snapshot. `changed`: when the lab says the work was last changed; `late_seconds`: 0 in time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    student: str
    file: str
    bytes: int
    sha256: str
    collected: AwareDatetime
    changed: AwareDatetime | None
    due: AwareDatetime | None
    late: bool
    late_seconds: int


class Missed(BaseModel):
    """Who gave nothing in the last round: `nothing` done yet, lab `stopped` or `failed`, in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    student: str
    why: Literal["nothing", "stopped", "failed"]
    reason: str = ""


class Collected(BaseModel):
    """`collected.json`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    schema_: Literal["genai-lab/collected/1"] = Field(default="genai-lab/collected/1", alias="schema")
    assignment: str
    snapshots: list[Taken] = []  # the oldest first; a student has one of each round
    missed: list[Missed] = []


Result = Taken | Missed


async def collect(
    hub: Hub,
    users: Sequence[User],
    assignment: str,
    out: Path,
    *,
    running_only: bool = False,
    notice: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Take a snapshot of each; one that fails is that student's alone. `notice` is told who is done.

    Raises CohortError when `out` holds something else or is being written, OSError when it cannot be.
    """
    groups = list((await hub.groups()).values())
    due = {user.name: due_for(user.name, assignment, groups) for user in users}
    folders = dict(zip(due, _folders(list(due)), strict=True))
    places = asyncio.Semaphore(AT_ONCE)
    with _opened(out, assignment) as collected:
        collected.missed = []
        async with Labs(hub) as labs:

            async def one(user: User) -> Result:
                folder = out / folders[user.name]
                part = folder / _PART
                async with places:
                    folder.mkdir(parents=True, exist_ok=True)
                    part.unlink(missing_ok=True)
                    try:
                        result = await _take(hub, labs, user, assignment, part, due[user.name], running_only)
                        _note(out, collected, result)
                        if isinstance(result, Taken):
                            _keep(part, out / result.file)
                    finally:
                        part.unlink(missing_ok=True)
                notice(user.name)
                return result

            try:
                async with asyncio.TaskGroup() as tasks:
                    results = [tasks.create_task(one(user)) for user in users]
            except ExceptionGroup as several:  # the first says enough: a full disk, a bug
                raise several.exceptions[0] from several
        return [task.result() for task in results]


def late_seconds(collected: datetime, changed: datetime | None, due: datetime | None) -> int:
    """How long after the deadline the work was last changed; a lab that does not say is taken at its time.

    A lab cannot make its work younger than the moment it was received.
    """
    if due is None:
        return 0
    last = collected if changed is None else min(changed, collected)
    return max(0, round((last - due).total_seconds()))


async def _take(
    hub: Hub,
    labs: Labs,
    user: User,
    assignment: str,
    part: Path,
    due: datetime | None,
    running_only: bool,
) -> Result:
    """Receive the zip into `part`; what it is called is said, and that is still to be done."""
    try:
        if user.server is None and running_only:
            return Missed(student=user.name, why="stopped")
        async with _running(hub, user) as server:
            received = await labs.snapshot(user.name, server, assignment, part)
            now = datetime.now(UTC)
        if received is None:
            return Missed(student=user.name, why="nothing")
        late = late_seconds(now, received.changed, due)
        sha256 = await asyncio.to_thread(_sha256, part)
        return Taken(
            student=user.name,
            file=f"{part.parent.name}/{_free_name(part.parent, user.name, assignment, now)}",
            bytes=received.bytes,
            sha256=sha256,
            collected=now,
            changed=received.changed,
            due=due,
            late=late > 0,
            late_seconds=late,
        )
    except (NoAnswer, HubRefused, HubUnreachable) as error:
        return Missed(student=user.name, why="failed", reason=str(error))


@asynccontextmanager
async def _running(hub: Hub, user: User) -> AsyncIterator[Server]:
    """The student's lab, ready; one that was started for it is stopped after. Raises NoAnswer."""
    if user.server is not None:
        yield user.server if user.server.ready else await _started(hub, user.name, None)
        return
    before = await hub.server(user.name)
    server = None
    try:
        server = await _started(hub, user.name, WITHOUT_GPU)
        yield server
    finally:
        with suppress(HubRefused, HubUnreachable, TimeoutError):  # then the idle culler stops it
            await _stop_again(hub, user.name, server, before)


async def _started(hub: Hub, user: str, options: dict[str, Any] | None) -> Server:
    outcome = await start(hub, user, options)
    server = await hub.server(user)
    if outcome.state != "ready" or server is None:
        raise NoAnswer("cohort.lab.not_started", reason=outcome.reason or "-")
    return server


async def _stop_again(hub: Hub, user: str, started: Server | None, before: Server | None) -> None:
    """Unless it was used since it was started; the student's own choices stand as they were."""
    now = await hub.server(user)
    if started and now and now.last_activity != started.last_activity:
        return
    await stop(hub, user)
    await hub.set_options(user, (before.user_options if before else None) or {})


def _folders(names: Sequence[str]) -> list[str]:
    """A folder's name for each, none of them twice."""
    folders: list[str] = []
    for name in names:
        folders.append(safe_name(name, (*RESERVED, *COLLECTED, *folders)))
    return folders


@contextmanager
def _opened(out: Path, assignment: str) -> Iterator[Collected]:
    """What was collected there so far, while nobody else writes there."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out / _LOCK, timeout=0):
            yield _read(out / FILE, assignment)
    except Timeout:
        raise CohortError("cohort.collect.busy", out=out) from None


def _read(file: Path, assignment: str) -> Collected:
    if not file.exists():
        return Collected(assignment=assignment)
    try:
        collected = Collected.model_validate_json(file.read_bytes())
    except ValidationError:
        raise CohortError("cohort.collect.unreadable", file=file) from None
    if collected.assignment != assignment:
        raise CohortError("cohort.collect.other_assignment", file=file, assignment=collected.assignment)
    collected.snapshots = [taken for taken in collected.snapshots if (file.parent / taken.file).exists()]
    return collected


def _note(out: Path, collected: Collected, result: Result) -> None:
    if isinstance(result, Missed):
        collected.missed.append(result)
    else:
        collected.snapshots.append(result)
    write_atomic(out / FILE, collected.model_dump_json(by_alias=True, indent=1).encode())
    sums = "".join(f"{taken.sha256}  {taken.file}\n" for taken in collected.snapshots)
    write_atomic(out / SUMS, sums.encode())


def _free_name(folder: Path, student: str, assignment: str, now: datetime) -> str:
    """A file name that no snapshot had before."""
    names = (hand_in_name(safe_name(student), assignment, now, number) for number in count(1))
    return next(name for name in names if not os.path.lexists(folder / name))


def _keep(part: Path, file: Path) -> None:
    """Under its own name, and read-only."""
    part.chmod(0o444)
    part.rename(file)
    sync_folder(file.parent)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
