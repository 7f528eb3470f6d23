"""Start, stop and extend from the page, with the cohort's own functions.

What concerns several students, or a lab that is making a picture, is asked about first. Starts and stops go
on in the background; what came of each is a notice for all who look at the page.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from exercises.i18n import Language, Translator
from hub.class_page.watch import Watch
from hub.cohort.client import HubRefused, HubUnreachable, User
from hub.cohort.deadlines import deadline_of, extend
from hub.cohort.errors import CohortError
from hub.cohort.starting import start_all
from hub.cohort.stopping import stop_all
from hub.cohort.text import join_names
from hub.cohort.times import local_text, utc_now

Action = Literal["start", "stop", "extend"]
MOST_NOTICES = 8
SHOWN_FOR = timedelta(minutes=10)
SHORT = 3.0  # seconds: what is done by then is told on the page that comes next

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What somebody pressed. `until` is for `extend`."""

    action: Action
    assignment: str
    users: tuple[str, ...]
    until: str
    confirmed: bool
    by: str


@dataclass(frozen=True)
class Question:
    """What has to be confirmed first; `generating` are those who would lose a picture."""

    asked: Asked
    generating: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """What came of something: `key` and `values` of the catalogue, or an error with words of its own."""

    time: datetime
    good: bool
    key: str
    values: dict[str, object]
    error: CohortError | None = None

    def text(self, t: Translator) -> str:
        said = t(f"class_page.{self.key}", **self.values)
        return f"{said} {self.error.in_language(t.language)}" if self.error else said


class NobodyTicked(Exception):
    """Something was pressed for nobody, or for people who are no longer here."""


class Actions:
    """What is done to labs and deadlines."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._notices: deque[Notice] = deque(maxlen=MOST_NOTICES)
        self._tasks: set[asyncio.Task[None]] = set()

    def notices(self) -> list[Notice]:
        """The newest first."""
        return [each for each in reversed(self._notices) if utc_now() - each.time < SHOWN_FOR]

    async def do(self, asked: Asked, language: Language) -> Question | None:
        """Do it, or return what has to be confirmed first. Raises NobodyTicked."""
        users = [user for name in dict.fromkeys(asked.users) if (user := self._watch.user(name))]
        if not users:
            raise NobodyTicked
        if asked.action != "extend":
            users = [user for user in users if _concerns(user, asked.action)]
            asked = replace(asked, users=tuple(user.name for user in users))
        if not users:
            self._tell(True, "nothing_to_do")
            return None
        if not asked.confirmed:
            busy: list[str] = []
            if asked.action == "stop":
                busy = self._watch.generating(user.name for user in users)
            if len(users) > 1 or busy:
                return Question(asked, tuple(busy))
        log.info("%s asks to %s: %s", asked.by, asked.action, [user.name for user in users])
        if asked.action == "extend":
            task = self._in_background(lambda users: self._extend(users, asked, language), users)
        else:
            task = self._in_background(self._start if asked.action == "start" else self._stop, users)
        await asyncio.wait({task}, timeout=SHORT)
        self._watch.hurry()
        return None

    async def _extend(self, users: Sequence[User], asked: Asked, language: Language) -> None:
        extended: dict[str, list[str]] = defaultdict(list)
        for user in users:
            try:
                group = self._deciding_group(user.name, asked.assignment)
                until = await extend(
                    self._watch.hub, asked.assignment, user.name, asked.until, group=group, language=language
                )
            except CohortError as error:
                self._tell(False, "not_extended", error, user=user.name)
            else:
                extended[local_text(until)].append(user.name)
        for moment, names in extended.items():
            self._tell(True, "extended", users=join_names(names), until=moment)

    def _deciding_group(self, user: str, assignment: str) -> str | None:
        """The group by which a student has the deadline: of several the one with the latest."""
        dated = [
            (deadline.for_user(user), group.name)
            for group in self._watch.groups.values()
            if user in group.users and (deadline := deadline_of(group, assignment)) is not None
        ]
        return max(dated)[1] if dated else None

    def _in_background(
        self, do: Callable[[Sequence[User]], Awaitable[None]], users: Sequence[User]
    ) -> asyncio.Task[None]:
        async def work() -> None:
            try:
                await do(users)
            except (HubRefused, HubUnreachable) as error:
                self._tell(False, "failed", error)
            except Exception:
                log.exception("An action failed")
                self._tell(False, "failed")
            self._watch.hurry()

        task = asyncio.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _start(self, users: Sequence[User]) -> None:
        outcomes = await start_all(self._watch.hub, users)
        ready = [each.user for each in outcomes if each.state == "ready"]
        waiting = [each.user for each in outcomes if each.state == "waiting"]
        if ready:
            self._tell(True, "started", users=join_names(ready), count=len(ready))
        if waiting:
            self._tell(True, "wait", users=join_names(waiting), count=len(waiting))
        for each in outcomes:
            if each.state == "failed":
                self._tell(False, "not_started", user=each.user, reason=each.reason or "–")

    async def _stop(self, users: Sequence[User]) -> None:
        names = [user.name for user in users if user.server is not None]
        failed = await stop_all(self._watch.hub, names)
        stopped = [name for name in names if name not in failed]
        if stopped:
            self._tell(True, "stopped", users=join_names(stopped), count=len(stopped))
        for name, reason in failed.items():
            self._tell(False, "not_stopped", user=name, reason=reason or "–")

    def _tell(self, good: bool, key: str, error: CohortError | None = None, **values: object) -> None:
        self._notices.append(Notice(utc_now(), good, key, values, error))


def _concerns(user: User, action: Action) -> bool:
    """Whether there is a lab to stop, or none yet that is ready."""
    running = user.server is not None
    return running if action == "stop" else not (running and user.server and user.server.ready)
