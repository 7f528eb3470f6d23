"""Watches the class: asks the Hub who is there, each running lab how far its student is, and the gateway.

While somebody looks at the page a round is made every few seconds, else every minute. A lab that does not
answer is asked ever less often and keeps no other waiting: rounds do not wait for labs.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.class_page.known import Known, Seen, gained
from hub.class_page.pictures import NoPicture, small_jpeg
from hub.class_page.shared import GatewayClient, Shared
from hub.class_page.trouble import Trouble, trouble_of
from hub.cohort.client import Group, HubClient, HubRefused, HubUnreachable, User
from hub.cohort.deadlines import KEY, Deadline, deadline_of
from hub.cohort.errors import CohortError
from hub.cohort.lab_client import LabClient, LabError
from hub.cohort.overview import LabState, lab_state
from hub.cohort.times import utc_now

BUSY_SECONDS, QUIET_SECONDS = 8.0, 60.0  # between two rounds
LOOKED_AT = timedelta(minutes=2)  # how long a page counts as looked at
AT_ONCE = 12  # labs that are asked at the same time
MAX_PAUSE = 300.0  # seconds until a lab is asked again that did not answer
FRESH = timedelta(minutes=3)  # what a running lab said within it is shown as now

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """One student. `live`: `seen` is what the lab says now, and no last known state."""

    user: str
    groups: tuple[str, ...]
    lab: LabState
    last_activity: datetime | None
    due: datetime | None
    extended: bool
    seen: Seen | None
    live: bool
    silent: CohortError | None
    trouble: Trouble | None

    @property
    def rank(self) -> tuple[bool, int, timedelta, bool]:
        """The larger, the earlier in the list."""
        urgency = self.trouble.urgency if self.trouble else (0, timedelta(0))
        return (self.trouble is not None, *urgency, self.silent is not None)


class Watch:
    """`default` is the assignment of a class that has no deadlines yet."""

    def __init__(
        self, hub: HubClient, labs: LabClient, known: Known, gateway: GatewayClient | None, default: str
    ) -> None:
        self.hub, self.labs, self.known = hub, labs, known
        self.users: list[User] = []
        self.groups: dict[str, Group] = {}
        self.shared: Shared | None = None
        self.away: CohortError | None = None  # why the Hub did not answer
        self.ready = asyncio.Event()  # the first round has begun
        self._gateway, self._default = gateway, default
        self._looked: dict[str, datetime] = {}
        self._hurry = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._asking: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._silent: dict[tuple[str, str], CohortError] = {}
        self._failures: dict[tuple[str, str], int] = defaultdict(int)
        self._again: dict[tuple[str, str], float] = {}

    async def run(self) -> None:
        """Make rounds until cancelled."""
        while True:
            self._hurry.clear()
            try:
                await self.look()
                self.away = None
            except (HubRefused, HubUnreachable) as error:
                self.away = error
                log.warning("The Hub does not answer: %s", error)
            except Exception:
                log.exception("A round failed")
            self.ready.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(BUSY_SECONDS if self._watched() else QUIET_SECONDS):
                    await self._hurry.wait()

    def looked_at(self, assignment: str) -> None:
        """Somebody looks at an assignment: a round is made soon if none was for a while."""
        if not self._watched() or assignment not in self._looked:
            self._hurry.set()
        self._looked[assignment] = utc_now()

    def hurry(self) -> None:
        """Something was changed: make a round now."""
        self._hurry.set()

    async def look(self) -> None:
        """One round: the Hub and the gateway are asked, and questions to labs are begun."""
        everyone = await self.hub.users()
        self.users = sorted((user for user in everyone if not user.admin), key=lambda user: user.name)
        for gone in self.known.users() - {user.name for user in everyone}:
            await asyncio.to_thread(self.known.forget, gone)
        self.groups = await self.hub.groups()
        if self._gateway is not None:
            self.shared = await self._gateway.look()
        now = asyncio.get_running_loop().time()
        for assignment in self.assignments():
            for user in self.users:
                key = assignment, user.name
                ready = user.server is not None and user.server.ready
                if not ready:
                    self._silent.pop(key, None)
                    self._again.pop(key, None)
                    self._failures.pop(key, None)
                elif key not in self._asking and now >= self._again.get(key, 0):
                    task = asyncio.create_task(self._ask(user, assignment))
                    self._asking[key] = task
                    task.add_done_callback(lambda _, key=key: self._asking.pop(key, None))  # type: ignore[misc]

    async def settle(self) -> None:
        """Wait until every lab that is being asked has answered, or has not."""
        while tasks := list(self._asking.values()):
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    def assignments(self) -> list[str]:
        """Those with a deadline, else the default, and those looked at."""
        dated = {name for group in self.groups.values() for name in _dated(group)}
        recent = {name for name, when in self._looked.items() if utc_now() - when < LOOKED_AT}
        return sorted((dated or {self._default}) | recent)

    def rows(self, assignment: str, group: str | None, now: datetime) -> list[Row]:
        """Those of the group, who is stuck first, then by name."""
        users = [user for user in self.users if group is None or group in user.groups]
        dated = self._deadlines(assignment)
        rows = [self._row(user, assignment, dated, now) for user in users]
        return sorted(rows, key=lambda row: row.rank, reverse=True)

    def row(self, assignment: str, name: str, now: datetime) -> Row | None:
        user = self.user(name)
        return self._row(user, assignment, self._deadlines(assignment), now) if user else None

    def user(self, name: str) -> User | None:
        return next((user for user in self.users if user.name == name), None)

    def generating(self, names: Iterable[str]) -> list[str]:
        """Those of whom a lab said a moment ago that a picture is being made."""
        now, found = utc_now(), []
        for name in names:
            for assignment in self.assignments():
                seen = self.known.get(assignment, name)
                if seen and seen.progress.running and now - seen.time < FRESH:
                    found.append(name)
                    break
        return found

    def _watched(self) -> bool:
        return any(utc_now() - when < LOOKED_AT for when in self._looked.values())

    def _deadlines(self, assignment: str) -> list[tuple[frozenset[str], Deadline]]:
        """Each group's deadline with its members. What cannot be understood is none."""
        found = []
        for group in self.groups.values():
            with suppress(CohortError):
                if (deadline := deadline_of(group, assignment)) is not None:
                    found.append((frozenset(group.users), deadline))
        return found

    def _row(
        self, user: User, assignment: str, dated: Sequence[tuple[frozenset[str], Deadline]], now: datetime
    ) -> Row:
        own = [deadline for members, deadline in dated if user.name in members]
        seen, server = self.known.get(assignment, user.name), user.server
        state = lab_state(server)
        live = state == "ready" and seen is not None and now - seen.time < FRESH
        last_activity = server.last_activity if server and server.last_activity else user.last_activity
        return Row(
            user=user.name,
            groups=user.groups,
            lab=state,
            last_activity=last_activity,
            due=max((deadline.for_user(user.name) for deadline in own), default=None),
            extended=any(user.name in deadline.extensions for deadline in own),
            seen=seen,
            live=live,
            silent=self._silent.get((assignment, user.name)) if state == "ready" else None,
            trouble=trouble_of(seen, last_activity, now) if live else None,
        )

    async def _ask(self, user: User, assignment: str) -> None:
        key = assignment, user.name
        try:
            async with self._slots:
                await self._learn(user, assignment)
            self._silent.pop(key, None)
            self._failures.pop(key, None)
            self._again.pop(key, None)
        except (LabError, HubRefused, HubUnreachable) as error:
            self._silent[key] = error
            self._failures[key] += 1
            pause = min(BUSY_SECONDS * 2 ** self._failures[key], MAX_PAUSE)
            self._again[key] = asyncio.get_running_loop().time() + pause
        except OSError:
            log.exception("What was seen could not be kept")

    async def _learn(self, user: User, assignment: str) -> None:
        """Ask one lab, keep what it says, and fetch the newest pictures that are not there yet."""
        server = user.server
        if server is None:
            return
        progress = await self.labs.progress(user.name, server, assignment)
        now = utc_now()
        before = self.known.get(assignment, user.name)
        since = gained(before, progress, server.started or now, now)
        seen = Seen(user=user.name, assignment=assignment, time=now, gained=since, progress=progress)
        await asyncio.to_thread(self.known.put, seen)
        for picture in await asyncio.to_thread(self.known.missing_pictures, seen):
            data = await self.labs.picture(user.name, server, assignment, picture.stem)
            with suppress(NoPicture):
                small = await asyncio.to_thread(small_jpeg, data)
                await asyncio.to_thread(self.known.keep_picture, assignment, user.name, picture, small)


def _dated(group: Group) -> Iterable[str]:
    """The assignments for which a group has a deadline that can be read."""
    data = group.properties.get(KEY, {})
    names = data.get("deadlines", {}) if isinstance(data, dict) else {}
    return [name for name in names if isinstance(name, str)] if isinstance(names, dict) else []
