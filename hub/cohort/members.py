"""Who is meant: the students of the Hub, or of one of its groups."""

from collections.abc import Sequence

from hub.cohort.client import Hub, User
from hub.cohort.errors import CohortError


async def members(hub: Hub, group: str | None) -> list[User]:
    """By name; instructors (the Hub's administrators) are left out. Raises CohortError for another group."""
    users = [user for user in await hub.users() if not user.admin]
    if group is not None:
        if not any(group in user.groups for user in users):
            groups = await hub.groups()
            if group not in groups:
                raise CohortError("cohort.no_group", group=group, known=listed(sorted(groups)))
        users = [user for user in users if group in user.groups]
    return sorted(users, key=lambda user: user.name)


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names in a sentence; a dash for none."""
    more = " …" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "–"
