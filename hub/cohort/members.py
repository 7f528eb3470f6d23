"""Which students a command is about: all students of the Hub, or those of one group."""

from hub.cohort.client import HubClient, User
from hub.cohort.errors import CohortError
from hub.cohort.graders import all_graders
from hub.cohort.text import join_names


async def students(hub: HubClient, group: str | None) -> list[User]:
    """Return the students by name, without instructors, who are the Hub's administrators, and without graders
    who are in no group themselves.

    Raises CohortError if there is no such group.
    """
    users = [user for user in await hub.users() if not user.admin]
    if group is None and any(not user.groups for user in users):
        graders = all_graders((await hub.groups()).values())
        users = [user for user in users if user.groups or user.name not in graders]
    if group is not None:
        if not any(group in user.groups for user in users):
            groups = await hub.groups()
            if group not in groups:
                raise CohortError("cohort.no_group", group=group, known=join_names(sorted(groups)))
        users = [user for user in users if group in user.groups]
    return sorted(users, key=lambda user: user.name)
