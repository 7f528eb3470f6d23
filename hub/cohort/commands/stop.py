"""`genai-lab cohort stop` stops the class's labs, and asks first if one is generating a picture."""

import sys
from typing import Annotated

import typer

from grading.commands import DEFAULT_ASSIGNMENT
from hub.cohort.client import HubClient, User
from hub.cohort.commands.common import (
    AsJson,
    GroupOption,
    HubUrl,
    StateFolder,
    print_json,
    print_lines,
    print_table,
    texts,
    with_hub,
)
from hub.cohort.errors import CohortError
from hub.cohort.members import students
from hub.cohort.stopping import stop_all, users_generating, users_to_stop
from hub.cohort.text import join_names
from hub.cohort.times import utc_now


def stop(
    group: GroupOption = None,
    minutes: Annotated[
        float | None, typer.Option("--idle", min=0, help="Only labs that were not used for so many minutes.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Also those that are making a picture.")] = False,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Stop the labs of all students; their work is kept. Asks first if a picture is being made.

    Exits with 1 if a lab does not stop.
    """
    t = texts()

    async def find_labs(client: HubClient) -> tuple[list[User], list[str]]:
        users = users_to_stop(await students(client, group), minutes, utc_now())
        return users, await users_generating(client, users, DEFAULT_ASSIGNMENT)

    users, busy = with_hub(hub, state, find_labs)
    if busy and not yes:
        question = t("cohort.stop.busy", count=len(busy), users=join_names(busy))
        if as_json or not sys.stdin.isatty():
            raise CohortError("cohort.stop.ask", busy=question)
        if not typer.confirm(question):
            raise typer.Abort
    names = [user.name for user in users]
    failed = with_hub(hub, state, lambda client: stop_all(client, names)) if names else {}
    stopped = [name for name in names if name not in failed]
    if as_json:
        print_json({"stopped": stopped, "generating": busy, "failed": failed})
    else:
        if failed:
            print_table((t("cohort.column.student"), t("cohort.column.reason")), list(failed.items()))
        print_lines(t("cohort.stop.done", count=len(stopped)))
    raise typer.Exit(int(bool(failed)))
