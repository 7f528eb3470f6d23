"""Starts the labs of a class, a few at a time, and reports how each start went.

A student's turn ends when the lab is ready, has failed, or waits in a queue for a GPU, so waiting labs
do not keep others from starting. The work is finished when no lab is starting any more. Labs that still
wait in a queue are reported as waiting, and start later when their turn comes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal

from hub.cohort.client import HubClient, HubRefused, HubUnreachable, User
from hub.cohort.text import printable_line

AT_ONCE = 8
RECONNECT_SECONDS = 1.0

State = Literal["starting", "ready", "waiting", "failed"]


@dataclass(frozen=True)
class Outcome:
    """How far a student's lab is: its place in a queue if it waits, and the Hub's reason if it gave one."""

    user: str
    state: State
    position: int | None = None
    reason: str = ""


OnChange = Callable[[Outcome], None]


async def start_all(
    hub: HubClient,
    users: Sequence[User],
    on_change: OnChange = lambda _: None,
    *,
    at_once: int = AT_ONCE,
    seconds: float | None = None,
) -> list[Outcome]:
    """Start the labs that do not run yet, and return after `seconds` even if some are still starting.

    `on_change` is called with every change. Starts go on at the Hub even if this is cancelled.
    """
    outcomes = {user.name: Outcome(user.name, "starting") for user in users}
    changed = asyncio.Event()
    slots = asyncio.Semaphore(at_once)

    def update(outcome: Outcome) -> None:
        if outcomes[outcome.user] != outcome:
            outcomes[outcome.user] = outcome
            on_change(outcome)
        changed.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_start_in_turn(hub, user, slots, update)) for user in users]
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


async def start(hub: HubClient, user: str, options: dict[str, Any] | None = None) -> Outcome:
    """Start one lab and wait until it is ready or has failed, also while it is in a queue."""
    outcome = Outcome(user, "starting")
    async for each in _outcomes(hub, user, options):
        outcome = each
    return outcome


async def _start_in_turn(hub: HubClient, user: User, slots: asyncio.Semaphore, update: OnChange) -> None:
    if user.server is not None and user.server.ready:
        update(Outcome(user.name, "ready"))
        return
    await slots.acquire()
    holds_slot = True
    try:
        async with aclosing(_outcomes(hub, user.name, None)) as outcomes:
            async for outcome in outcomes:
                update(outcome)
                if holds_slot and outcome.state != "starting":
                    slots.release()
                    holds_slot = False
    finally:
        if holds_slot:
            slots.release()


async def _outcomes(hub: HubClient, user: str, options: dict[str, Any] | None) -> AsyncGenerator[Outcome]:
    """Start a lab and yield how far it is. The last outcome is that it is ready or has failed."""
    try:
        try:
            await hub.start(user, options)
        except HubRefused as error:
            server = await hub.server(user)
            if server is None or not (server.ready or server.pending == "spawn"):
                yield Outcome(user, "failed", reason=str(error.values["message"]))
                return
        while True:
            async with aclosing(_progress_outcomes(hub, user)) as outcomes:
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


async def _progress_outcomes(hub: HubClient, user: str) -> AsyncGenerator[Outcome]:
    """Yield an outcome for each event of the Hub's progress stream, until the stream ends or breaks."""
    try:
        async with hub.progress(user) as events:
            async for event in events:
                position = event.get("position")
                if event.get("ready"):
                    yield Outcome(user, "ready")
                elif event.get("failed"):
                    yield Outcome(user, "failed", reason=printable_line(event.get("message", "")))
                elif isinstance(position, int) and not isinstance(position, bool):
                    yield Outcome(user, "waiting", position, printable_line(event.get("message", "")))
                else:
                    yield Outcome(user, "starting")
    except HubUnreachable:
        return  # the stream broke; the caller asks the Hub for the lab's state
