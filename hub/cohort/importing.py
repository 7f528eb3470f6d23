"""Imports a roster into the Hub: missing accounts and groups are made, and nobody is removed.

Importing the same roster again changes nothing. People who are in one of the roster's groups at the
Hub but not in the roster are reported. Other people at the Hub are not considered.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.cohort.client import Group, HubClient, HubRefused, User
from hub.cohort.roster import Problem, Roster, Student


@dataclass(frozen=True)
class Plan:
    """What an import will change, or has changed.

    The tables hold user names by group. `not_in_roster` and `also_in` are only reported.
    """

    new: tuple[str, ...]  # accounts to make
    known: int
    new_groups: tuple[str, ...]
    joining: dict[str, tuple[str, ...]] = field(default_factory=dict)  # members to add
    not_in_roster: dict[str, tuple[str, ...]] = field(default_factory=dict)
    also_in: dict[str, tuple[str, ...]] = field(default_factory=dict)  # students who are in another group now

    @property
    def empty(self) -> bool:
        return not (self.new or self.new_groups or self.joining)


def plan(roster: Sequence[Student], users: Sequence[User], groups: dict[str, Group]) -> Plan:
    """Compare a roster with the Hub's users and groups."""
    known = {user.name for user in users}
    wanted: dict[str, list[str]] = {}
    for student in roster:
        for group in student.groups:
            wanted.setdefault(group, []).append(student.user)
    groups_of = {student.user: student.groups for student in roster}
    members = {name: set(groups[name].users) if name in groups else set() for name in wanted}
    return Plan(
        new=tuple(user for user in groups_of if user not in known),
        known=sum(user in known for user in groups_of),
        new_groups=tuple(name for name in wanted if name not in groups),
        joining=_not_empty({name: [u for u in wanted[name] if u not in members[name]] for name in wanted}),
        not_in_roster=_not_empty({name: sorted(members[name] - groups_of.keys()) for name in wanted}),
        also_in=_not_empty(
            {
                name: sorted(u for u in members[name] & groups_of.keys() if name not in groups_of[u])
                for name in wanted
            }
        ),
    )


async def import_roster(hub: HubClient, roster: Roster, *, skip_wrong: bool) -> tuple[Plan | None, Roster]:
    """Import a roster and return what was changed.

    If lines are wrong and may not be skipped, nothing is changed and the plan is None. User names that
    the Hub refuses are added to the problems of the returned roster.
    """
    if roster.problems and not skip_wrong:
        return None, roster
    while True:
        users, groups = await asyncio.gather(hub.users(), hub.groups())
        changes = plan(roster.students, users, groups)
        if not changes.new:
            break
        try:
            await hub.create_users(list(changes.new))
            break
        except HubRefused as error:
            refused = _refused_names(error, changes.new)
            if not refused:
                raise
        problems = tuple(Problem(s.line, "hub_refuses", s.user) for s in roster.students if s.user in refused)
        roster = Roster(roster.students, roster.problems + problems, roster.ignored).without(refused)
        if not skip_wrong:
            return None, roster
    for name in changes.new_groups:
        await hub.create_group(name)
    for name, joining in changes.joining.items():
        await hub.add_to_group(name, list(joining))
    return changes, roster


def _refused_names(error: HubRefused, names: Sequence[str]) -> set[str]:
    """Return the names that the Hub's message mentions. If it refuses one name, it makes no account."""
    if error.status != 400:
        return set()
    mentioned = str(error.values["message"]).partition(":")[2]
    return {name.strip() for name in mentioned.split(",")} & set(names)


def _not_empty(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(users) for name, users in table.items() if users}
