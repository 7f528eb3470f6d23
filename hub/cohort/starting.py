"""Start the labs of a class, so many at a time, and say of each how it went.

A student's turn ends when the lab is ready, has failed, or stands in a line for a GPU: those in the
line keep nobody else from starting. When nobody is starting any more it is over: who still stands in
a line is reported as waiting, and their lab starts when its place comes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from hub.cohort.client import Hub, HubRefused, HubUnreachable, User, tame

AT_ONCE = 8
RECONNECT_SECONDS = 1.0

State = Literal["starting", "ready", "waiting", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How far a student's lab is; `position` in the line of those that wait, and the Hub's words for why."""

    user: str
    state: State
    position: int | None = None
    reason: str = ""


Notice = Callable[[Outcome], None]


async def start_all(
    hub: Hub,
    users: Sequence[User],
    notice: Notice = lambda _: None,
    *,
    at_once: int = AT_ONCE,
    seconds: float | None = None,
) -> list[Outcome]:
    """Start what does not run yet; ends after `seconds` at the latest, whatever is still starting then.

    `notice` is told of every change. What was asked for goes on at the Hub, also when this is cancelled.
    """
    outcomes = {user.name: Outcome(user.name, "starting") for user in users}
    changed = asyncio.Event()
    turns = asyncio.Semaphore(at_once)

    def note(outcome: Outcome) -> None:
        if outcomes[outcome.user] != outcome:
            outcomes[outcome.user] = outcome
            notice(outcome)
        changed.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_turn(hub, user, turns, note)) for user in users]
        try:
            async with asyncio.timeout(seconds):
                while any(outcome.state == "starting" for outcome in outcomes.values()):
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            pass
        for task in tasks:
            task.cancel()
    return list(outcomes.values())


async def start(hub: Hub, user: str, options: dict[str, Any] | None = None) -> Outcome:
    """Start one lab and wait for it, in a line too."""
    outcome = Outcome(user, "starting")
    async for each in _starting(hub, user, options):
        outcome = each
    return outcome


async def _turn(hub: Hub, user: User, turns: asyncio.Semaphore, note: Notice) -> None:
    if user.server is not None and user.server.ready:
        note(Outcome(user.name, "ready"))
        return
    await turns.acquire()
    mine = True
    try:
        async with aclosing(_starting(hub, user.name, None)) as outcomes:
            async for outcome in outcomes:
                note(outcome)
                if mine and outcome.state != "starting":
                    turns.release()
                    mine = False
    finally:
        if mine:
            turns.release()


async def _starting(hub: Hub, user: str, options: dict[str, Any] | None) -> AsyncGenerator[Outcome]:
    """What happens to a lab until it is ready or has failed, which comes last."""
    try:
        try:
            await hub.start(user, options)
        except HubRefused as error:
            server = await hub.server(user)
            if server is None or not (server.ready or server.pending == "spawn"):
                yield Outcome(user, "failed", reason=str(error.values["message"]))
                return
        while True:
            async with aclosing(_watched(hub, user)) as outcomes:
                async for outcome in outcomes:
                    yield outcome
                    if outcome.state in ("ready", "failed"):
                        return
            server = await hub.server(user)
            if server is not None and server.ready:
                yield Outcome(user, "ready")
                return
            if server is None or server.pending != "spawn":
                yield Outcome(user, "failed")
                return
            await asyncio.sleep(RECONNECT_SECONDS)
    except (HubRefused, HubUnreachable) as error:
        yield Outcome(user, "failed", reason=str(error))


async def _watched(hub: Hub, user: str) -> AsyncGenerator[Outcome]:
    """What the Hub's stream tells, as long as it lasts."""
    try:
        async with hub.progress(user) as events:
            async for event in events:
                position = event.get("position")
                if event.get("ready"):
                    yield Outcome(user, "ready")
                elif event.get("failed"):
                    yield Outcome(user, "failed", reason=tame(event.get("message", "")))
                elif isinstance(position, int) and not isinstance(position, bool):
                    yield Outcome(user, "waiting", position, tame(event.get("message", "")))
                else:
                    yield Outcome(user, "starting")
    except HubUnreachable:
        return  # the line was cut; whoever called asks how things stand
