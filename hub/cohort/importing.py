"""A roster against what the Hub knows: what is new is made, what is known stays, nobody is removed.

Running it again with the same roster changes nothing. Who is in one of the roster's groups at the
Hub and not in the roster is reported; other people of the Hub are not this roster's business.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.cohort.client import Group, Hub, HubRefused, User
from hub.cohort.roster import Problem, Roster, Student


@dataclass(frozen=True)
class Plan:
    """What importing will do, or did. `gone` and `elsewhere` are only reported: user names by group."""

    new: tuple[str, ...]  # accounts to make
    known: int
    new_groups: tuple[str, ...]
    joining: dict[str, tuple[str, ...]] = field(default_factory=dict)  # members to add, by group
    gone: dict[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: dict[str, tuple[str, ...]] = field(default_factory=dict)  # still in a group they had before

    @property
    def empty(self) -> bool:
        return not (self.new or self.new_groups or self.joining)


def plan(students: Sequence[Student], users: Sequence[User], groups: dict[str, Group]) -> Plan:
    """Compare; pure."""
    known = {user.name for user in users}
    wanted: dict[str, list[str]] = {}
    for student in students:
        wanted.setdefault(student.group, []).append(student.user)
    listed = {student.user: student.group for student in students}
    members = {name: set(groups[name].users) if name in groups else set() for name in wanted}
    return Plan(
        new=tuple(user for user in listed if user not in known),
        known=sum(user in known for user in listed),
        new_groups=tuple(name for name in wanted if name not in groups),
        joining=_some({name: [u for u in wanted[name] if u not in members[name]] for name in wanted}),
        gone=_some({name: sorted(members[name] - listed.keys()) for name in wanted}),
        elsewhere=_some(
            {name: sorted(u for u in members[name] & listed.keys() if listed[u] != name) for name in wanted}
        ),
    )


async def import_roster(hub: Hub, roster: Roster, *, skip_wrong: bool) -> tuple[Plan | None, Roster]:
    """Do it; no plan, and nothing changed, where something is wrong and may not be skipped.

    The roster given back has the Hub's own objections to user names among its problems.
    """
    if roster.problems and not skip_wrong:
        return None, roster
    while True:
        users, groups = await asyncio.gather(hub.users(), hub.groups())
        todo = plan(roster.students, users, groups)
        if not todo.new:
            break
        try:
            await hub.create_users(list(todo.new))
            break
        except HubRefused as error:
            refused = _refused(error, todo.new)
            if not refused:
                raise
        problems = tuple(Problem(s.line, "hub_refuses", s.user) for s in roster.students if s.user in refused)
        roster = Roster(roster.students, roster.problems + problems, roster.ignored).without(refused)
        if not skip_wrong:
            return None, roster
    for name in todo.new_groups:
        await hub.create_group(name)
    for name, joining in todo.joining.items():
        await hub.add_to_group(name, list(joining))
    return todo, roster


def _refused(error: HubRefused, names: Sequence[str]) -> set[str]:
    """Which of the names the Hub's refusal speaks of; it makes no account when it refuses one."""
    if error.status != 400:
        return set()
    said = str(error.values["message"]).partition(":")[2]
    words = {word.strip() for word in said.split(",")}
    return words & set(names)


def _some(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(users) for name, users in table.items() if users}
