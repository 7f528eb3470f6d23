"""`genai-lab cohort start` starts all labs of a class before the lesson."""

import time
from collections import Counter
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from exercises.i18n import Translate
from hub.cohort.client import HubClient
from hub.cohort.commands.common import (
    AsJson,
    GroupOption,
    HubUrl,
    StateFolder,
    print_json,
    print_lines,
    print_table,
    progress_bar,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.members import students
from hub.cohort.starting import AT_ONCE, Outcome, start_all
from hub.cohort.times import local_text, next_clock_time, utc_now

MAX_SLEEP = 30.0  # seconds, because the clock may be corrected during the wait


def start(
    group: GroupOption = None,
    at: Annotated[str | None, typer.Option(help="Begin when the clock here shows this: 08:45.")] = None,
    ready_by: Annotated[
        str | None, typer.Option(help="Stop waiting at this time, and say who is not ready: 09:00.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many start at once.")] = AT_ONCE,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Start the labs of all students. Exits with 1 unless all are ready."""
    t = texts()
    begin = None if at is None else next_clock_time(at, utc_now())
    end = None if ready_by is None else next_clock_time(ready_by, begin or utc_now())
    if end is not None and end <= (begin or utc_now()):
        raise CohortError("cohort.start.no_time", by=ready_by, at=local_text(begin or utc_now()))
    if begin is not None:
        # The Hub is asked now, so that a wrong address is noticed before the time comes.
        count = len(with_hub(hub, state, lambda client: students(client, group)))
        _wait_until(begin, count, t)

    async def work(client: HubClient) -> list[Outcome]:
        users = await students(client, group)
        with progress_bar() as bar:
            task = bar.add_task(t("cohort.start.starting"), total=len(users))
            settled: set[str] = set()

            def on_change(outcome: Outcome) -> None:
                if outcome.state != "starting":
                    settled.add(outcome.user)
                bar.update(task, completed=len(settled), description=t("cohort.start.starting"))

            seconds = None if end is None else max(0.0, (end - utc_now()).total_seconds())
            return await start_all(client, users, on_change, at_once=limit, seconds=seconds)

    outcomes = with_hub(hub, state, work)
    if as_json:
        print_json(_document(outcomes))
    else:
        _show(outcomes, t)
    raise typer.Exit(int(any(outcome.state != "ready" for outcome in outcomes)))


def _wait_until(moment: datetime, count: int, t: Translate) -> None:
    left = (moment - utc_now()).total_seconds()
    if left > 0:
        text = t("cohort.start.at", count=count, time=local_text(moment), minutes=round(left / 60))
        Console(stderr=True, highlight=False).print(text, soft_wrap=True)
    while (left := (moment - utc_now()).total_seconds()) > 0:
        time.sleep(min(left, MAX_SLEEP))


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
        print_lines(t("cohort.nobody"))
        return
    order = ("failed", "waiting", "starting", "ready")
    rows = []
    for outcome in sorted(outcomes, key=lambda o: (order.index(o.state), o.position or 0, o.user)):
        text = t(f"cohort.start.{outcome.state}")
        if outcome.position is not None:
            text = t("cohort.start.waiting_at", position=outcome.position)
        rows.append((outcome.user, text, outcome.reason))
    print_table((t("cohort.column.student"), t("cohort.column.lab"), t("cohort.column.reason")), rows)
    states = Counter(outcome.state for outcome in outcomes)
    print_lines(
        t(
            "cohort.start.sum",
            ready=states["ready"],
            waiting=states["waiting"],
            starting=states["starting"],
            failed=states["failed"],
        )
    )
