"""`genai-lab cohort stop`: the class's labs, with a question first where a picture is being made."""

import sys
from typing import Annotated

import typer

from grading.commands import DEFAULT_ASSIGNMENT
from hub.cohort.client import Hub, User
from hub.cohort.commands.common import (
    AsJson,
    HubUrl,
    InGroup,
    State,
    print_json,
    print_table,
    say,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.members import listed, members
from hub.cohort.stopping import generating, idle, stop_all
from hub.cohort.times import utc_now


def stop(
    group: InGroup = None,
    minutes: Annotated[
        float | None, typer.Option("--idle", min=0, help="Only labs that were not used for so many minutes.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Also those that are making a picture.")] = False,
    hub: HubUrl = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Stop the labs of all students; their work stays. Asks first where a picture is being made.

    Exits with 1 where a lab would not stop.
    """
    t = texts()

    async def look(found: Hub) -> tuple[list[User], list[str]]:
        users = idle(await members(found, group), minutes, utc_now())
        return users, await generating(found, users, DEFAULT_ASSIGNMENT)

    users, busy = with_hub(hub, state, look)
    if busy and not yes:
        question = t("cohort.stop.busy", count=len(busy), users=listed(busy))
        if as_json or not sys.stdin.isatty():
            raise CohortError("cohort.stop.ask", busy=question)
        if not typer.confirm(question):
            raise typer.Abort
    names = [user.name for user in users]
    failed = with_hub(hub, state, lambda found: stop_all(found, names)) if names else {}
    stopped = [name for name in names if name not in failed]
    if as_json:
        print_json({"stopped": stopped, "generating": busy, "failed": failed})
    else:
        if failed:
            print_table((t("cohort.column.student"), t("cohort.column.reason")), list(failed.items()))
        say(t("cohort.stop.done", count=len(stopped)))
    raise typer.Exit(int(bool(failed)))
