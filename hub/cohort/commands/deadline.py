"""`genai-lab cohort deadline ASSIGNMENT set|show|extend`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from exercises.loader import find_assignment
from hub.cohort.client import Group, Hub
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
from hub.cohort.deadlines import Deadline, deadline_of, with_due, with_extension
from hub.cohort.errors import CohortError
from hub.cohort.members import listed
from hub.cohort.times import due, shown

deadline = typer.Typer(no_args_is_help=True)

When = Annotated[str, typer.Argument(help="'2026-11-27 23:59', or '2026-11-27' for the end of that day.")]
WhenOrLater = Annotated[str, typer.Argument(help="'2026-11-29 12:00', or '+2d', '+3h' after the deadline.")]


@deadline.callback()
def _of(
    context: typer.Context, assignment: Annotated[str, typer.Argument(help="The assignment's id.")]
) -> None:
    """A class's deadlines: set, show, extend for one."""
    context.obj = find_assignment(assignment).id


@deadline.command("set")
def set_deadline(
    context: typer.Context, when: When, group: InGroup = None, hub: HubUrl = None, state: State = None
) -> None:
    """Set the deadline of a group; it may be left out where there is one group only."""
    assignment: str = context.obj
    moment = due(when)

    async def work(found: Hub) -> Group:
        chosen = _chosen(await found.groups(), group)
        await found.set_properties(chosen.name, with_due(chosen, assignment, moment))
        return chosen

    chosen = with_hub(hub, state, work)
    say(texts()("cohort.deadline.set", assignment=assignment, group=chosen.name, due=shown(moment)))


@deadline.command()
def extend(
    context: typer.Context,
    student: Annotated[str, typer.Argument(metavar="STUDENT")],
    when: WhenOrLater,
    group: InGroup = None,
    hub: HubUrl = None,
    state: State = None,
) -> None:
    """Give one student more time."""
    assignment: str = context.obj
    if not when.strip().startswith("+"):
        due(when)  # a date that is none is told before the Hub is asked

    async def work(found: Hub) -> Deadline:
        groups = {name: each for name, each in (await found.groups()).items() if student in each.users}
        if not groups:
            raise CohortError("cohort.deadline.no_student", user=student)
        dated = {name: each for name, each in groups.items() if deadline_of(each, assignment)}
        chosen = _chosen(dated or groups, group)
        before = deadline_of(chosen, assignment)
        until = due(when, after=before.of(student) if before else None)
        await found.set_properties(chosen.name, with_extension(chosen, assignment, student, until))
        return Deadline(due=until)

    until = with_hub(hub, state, work).due
    say(texts()("cohort.deadline.extended", assignment=assignment, user=student, due=shown(until)))


@deadline.command()
def show(
    context: typer.Context,
    group: InGroup = None,
    hub: HubUrl = None,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Show each group's deadline, and who has another one."""
    assignment: str = context.obj
    t = texts()

    async def work(found: Hub) -> list[tuple[Group, Deadline | None]]:
        groups = await found.groups()
        chosen: Sequence[Group] = [_chosen(groups, group)] if group else list(groups.values())
        return [(each, deadline_of(each, assignment)) for each in chosen]

    found = with_hub(hub, state, work)
    if as_json:
        rows = [
            {
                "group": each.name,
                **(kept.model_dump(mode="json") if kept else {"due": None, "extensions": {}}),
            }
            for each, kept in found
        ]
        print_json({"assignment": assignment, "groups": rows})
        return
    table = []
    for each, kept in sorted(found, key=lambda pair: pair[0].name):
        table.append((each.name, t("cohort.deadline.everyone"), shown(kept.due) if kept else "–"))
        for user, until in sorted(kept.extensions.items()) if kept else ():
            table.append((each.name, user, shown(until)))
    print_table((t("cohort.column.groups"), t("cohort.column.student"), t("cohort.column.deadline")), table)


def _chosen(groups: dict[str, Group], name: str | None) -> Group:
    """The group of that name, or the only one. Raises CohortError."""
    known = listed(sorted(groups))
    if name is not None:
        if name not in groups:
            raise CohortError("cohort.no_group", group=name, known=known)
        return groups[name]
    if len(groups) != 1:
        raise CohortError(
            "cohort.deadline.which_group" if groups else "cohort.deadline.no_groups", known=known
        )
    return next(iter(groups.values()))
