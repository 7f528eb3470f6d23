"""`genai-lab cohort start`: every lab of the class, before the lesson."""

import time
from collections import Counter
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from exercises.i18n import Translate
from hub.cohort.client import Hub
from hub.cohort.commands.common import (
    AsJson,
    HubUrl,
    InGroup,
    State,
    print_json,
    print_table,
    progress_bar,
    say,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.members import members
from hub.cohort.starting import AT_ONCE, Outcome, start_all
from hub.cohort.times import next_time, shown, utc_now

NAP = 30.0  # seconds; the clock may be put right while we wait for it


def start(
    group: InGroup = None,
    at: Annotated[str | None, typer.Option(help="Begin when the clock here shows this: 08:45.")] = None,
    ready_by: Annotated[
        str | None, typer.Option(help="Stop waiting at this time, and say who is not ready: 09:00.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many start at once.")] = AT_ONCE,
    hub: HubUrl = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Start the labs of all students. Exits with 1 unless all are ready."""
    t = texts()
    begin = None if at is None else next_time(at, utc_now())
    end = None if ready_by is None else next_time(ready_by, begin or utc_now())
    if end is not None and end <= (begin or utc_now()):
        raise CohortError("cohort.start.no_time", by=ready_by, at=shown(begin or utc_now()))
    if begin is not None:
        # at once, so that a wrong address is known now and not at a quarter to nine
        count = len(with_hub(hub, state, lambda found: members(found, group)))
        _wait_until(begin, count, t)

    async def work(found: Hub) -> list[Outcome]:
        users = await members(found, group)
        with progress_bar() as bar:
            task = bar.add_task(t("cohort.start.starting"), total=len(users))
            settled: set[str] = set()

            def notice(outcome: Outcome) -> None:
                if outcome.state != "starting":
                    settled.add(outcome.user)
                bar.update(task, completed=len(settled), description=t("cohort.start.starting"))

            seconds = None if end is None else max(0.0, (end - utc_now()).total_seconds())
            return await start_all(found, users, notice, at_once=limit, seconds=seconds)

    outcomes = with_hub(hub, state, work)
    if as_json:
        print_json(_document(outcomes))
    else:
        _show(outcomes, t)
    raise typer.Exit(int(any(outcome.state != "ready" for outcome in outcomes)))


def _wait_until(moment: datetime, count: int, t: Translate) -> None:
    left = (moment - utc_now()).total_seconds()
    if left > 0:
        Console(stderr=True, highlight=False).print(
            t("cohort.start.at", count=count, time=shown(moment), minutes=round(left / 60)), soft_wrap=True
        )
    while (left := (moment - utc_now()).total_seconds()) > 0:
        time.sleep(min(left, NAP))


def _document(outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "ready": sum(outcome.state == "ready" for outcome in outcomes),
        "students": [
            {"user": o.user, "state": o.state, "position": o.position, "reason": o.reason or None}
            for o in outcomes
        ],
    }


def _show(outcomes: list[Outcome], t: Translate) -> None:
    if not outcomes:
        say(t("cohort.nobody"))
        return
    order = ("failed", "waiting", "starting", "ready")
    rows = []
    for outcome in sorted(outcomes, key=lambda o: (order.index(o.state), o.position or 0, o.user)):
        said = t(f"cohort.start.{outcome.state}")
        if outcome.position is not None:
            said = t("cohort.start.waiting_at", position=outcome.position)
        rows.append((outcome.user, said, outcome.reason))
    print_table((t("cohort.column.student"), t("cohort.column.lab"), t("cohort.column.reason")), rows)
    states = Counter(outcome.state for outcome in outcomes)
    say(
        t(
            "cohort.start.sum",
            ready=states["ready"],
            waiting=states["waiting"],
            starting=states["starting"],
            failed=states["failed"],
        )
    )
