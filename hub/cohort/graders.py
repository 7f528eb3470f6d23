"""Who judges the work of a group at the desk: names in the properties of the Hub's group.

`properties["genai_lab"]["graders"]` is a list of user names; the desk reads it (`lab/web/desk/graders.py`).
It is no group of the Hub's, so that no roster, in which students may name their own groups, makes anybody a
grader.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from hub.cohort.client import Group, HubClient
from hub.cohort.deadlines import KEY
from hub.cohort.errors import CohortError
from hub.user_names import fault_of, normalized

GRADERS = "graders"


def graders_of(group: Group) -> list[str]:
    """The graders of a group; what cannot be understood names nobody."""
    own = group.properties.get(KEY)
    named = own.get(GRADERS) if isinstance(own, dict) else None
    return [each for each in named if isinstance(each, str)] if isinstance(named, list) else []


def all_graders(groups: Iterable[Group]) -> set[str]:
    """Whoever is named at any group."""
    return {name for group in groups for name in graders_of(group)}


def with_graders(group: Group, add: Iterable[str], remove: Iterable[str]) -> dict[str, Any]:
    """The group's properties with graders added and taken away."""
    own = group.properties.get(KEY)
    kept = {*graders_of(group), *add} - set(remove)
    return group.properties | {KEY: (own if isinstance(own, dict) else {}) | {GRADERS: sorted(kept)}}


async def change_graders(hub: HubClient, group: str, add: Sequence[str], remove: Sequence[str]) -> list[str]:
    """Name graders of a group, or no longer; accounts that are missing are made. Returns who they are then.

    Raises CohortError for a group or a name that cannot be.
    """
    add, remove = [normalized(name) for name in add], [normalized(name) for name in remove]
    if wrong := next((name for name in add if fault_of(name) is not None), None):
        raise CohortError("cohort.graders.bad_name", user=wrong)
    async with hub.turns.turn():
        groups = await hub.groups()
        if group not in groups:
            raise CohortError("cohort.no_group", group=group, known=", ".join(sorted(groups)))
        if unknown := set(remove) - set(graders_of(groups[group])):
            raise CohortError("cohort.graders.not_one", user=sorted(unknown)[0], group=group)
        known = {user.name for user in await hub.users()}
        if missing := [name for name in add if name not in known]:
            await hub.create_users(missing)
        properties = with_graders(groups[group], add, remove)
        if add or remove:
            await hub.set_properties(group, properties)
        return graders_of(Group(name=group, properties=properties))
