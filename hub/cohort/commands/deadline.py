"""`genai-lab cohort deadline ASSIGNMENT set|show|extend`: when an assignment opens to a class and is due."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from exercises.loader import find_assignment
from hub.cohort.client import Group, HubClient
from hub.cohort.commands.common import (
    AsJson,
    AssignmentArgument,
    GroupOption,
    HubUrl,
    StateFolder,
    print_json,
    print_lines,
    print_table,
    texts,
    with_hub,
)
from hub.cohort.deadlines import Deadline, choose_group, deadline_of, with_due
from hub.cohort.deadlines import extend as extend_deadline
from hub.cohort.times import local_text, parse_deadline, parse_opening

deadline = typer.Typer(no_args_is_help=True)

When = Annotated[str, typer.Argument(help="'2026-11-27 23:59', or '2026-11-27' for the end of that day.")]
Opens = Annotated[
    str | None,
    typer.Option(
        "--opens",
        help="When students get to see it: '2026-11-20 08:45', '2026-11-20' for the beginning of that day, "
        "or 'now'. If it is left out, that stays as it was: of a new deadline, now.",
    ),
]
WhenOrLater = Annotated[str, typer.Argument(help="'2026-11-29 12:00', or '+2d', '+3h' after the deadline.")]


@deadline.callback()
def _assignment(context: typer.Context, assignment: AssignmentArgument) -> None:
    """When an assignment opens to a class and is due: set, show, extend for one.

    Students see the assignments that have a deadline in one of their groups, each from the moment it opens.

    That is at once, unless set says --opens; until then they see when it will be.

    Of a student's several groups the earliest opening and the latest deadline count.
    """
    context.obj = find_assignment(assignment).id


@deadline.command("set")
def set_deadline(
    context: typer.Context,
    when: When,
    opens: Opens = None,
    group: GroupOption = None,
    hub: HubUrl = None,
    state: StateFolder = None,
) -> None:
    """Set the deadline of a group, and when the assignment opens to it.

    The group may be omitted if there is only one. An assignment opens by itself, in running labs too.

    Dates that are changed reach a lab when it starts again.
    """
    assignment: str = context.obj
    moment = parse_deadline(when)
    opening = parse_opening(opens) if opens is not None else "as before"

    async def work(client: HubClient) -> Group:
        async with client.turns.turn():
            chosen = choose_group(await client.groups(), group)
            properties = with_due(chosen, assignment, moment, opening)
            await client.set_properties(chosen.name, properties)
            return chosen.model_copy(update={"properties": properties})

    chosen = with_hub(hub, state, work)
    kept = deadline_of(chosen, assignment)
    opened = kept.opens if kept else None
    said = {"assignment": assignment, "group": chosen.name, "due": local_text(moment)}
    t = texts()
    print_lines(
        t("cohort.deadline.set_opens", opens=local_text(opened), **said)
        if opened
        else t("cohort.deadline.set", **said)
    )


@deadline.command()
def extend(
    context: typer.Context,
    student: Annotated[str, typer.Argument(metavar="STUDENT")],
    when: WhenOrLater,
    group: GroupOption = None,
    hub: HubUrl = None,
    state: StateFolder = None,
) -> None:
    """Give one student more time."""
    assignment: str = context.obj

    async def work(client: HubClient) -> datetime:
        return await extend_deadline(client, assignment, student, when, group=group)

    until = with_hub(hub, state, work)
    print_lines(
        texts()("cohort.deadline.extended", assignment=assignment, user=student, due=local_text(until))
    )


@deadline.command()
def show(
    context: typer.Context,
    group: GroupOption = None,
    hub: HubUrl = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """Show when it opens to each group and is due, and the students who have a deadline of their own."""
    assignment: str = context.obj
    t = texts()

    async def work(client: HubClient) -> list[tuple[Group, Deadline | None]]:
        groups = await client.groups()
        chosen: Sequence[Group] = [choose_group(groups, group)] if group else list(groups.values())
        return [(each, deadline_of(each, assignment)) for each in chosen]

    found = with_hub(hub, state, work)
    if as_json:
        rows = [
            {
                "group": each.name,
                **(kept.model_dump(mode="json") if kept else {"opens": None, "due": None, "extensions": {}}),
            }
            for each, kept in found
        ]
        print_json({"assignment": assignment, "groups": rows})
        return
    table = []
    for each, kept in sorted(found, key=lambda pair: pair[0].name):
        if kept is None:
            table.append((each.name, t("cohort.deadline.everyone"), "–", "–"))
            continue
        opens = local_text(kept.opens) if kept.opens else t("cohort.deadline.at_once")
        table.append((each.name, t("cohort.deadline.everyone"), opens, local_text(kept.due)))
        for user, until in sorted(kept.extensions.items()):
            table.append((each.name, user, opens, local_text(until)))
    print_table([t(f"cohort.column.{name}") for name in ("groups", "student", "opens", "deadline")], table)
