"""Deadlines, which are stored in the properties of the Hub's groups.

`properties["genai_lab"]["deadlines"][ASSIGNMENT]` holds `due` and, for single students, `extensions`.
Students have their group's deadline or their own extension of it; a student of several groups has the
latest one. Other properties of a group are left unchanged.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.cohort.client import Group
from hub.cohort.errors import CohortError

KEY = "genai_lab"


class Deadline(BaseModel):
    """The deadline of one group for one assignment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due: AwareDatetime
    extensions: dict[str, AwareDatetime] = Field(default_factory=dict)  # by user name

    def for_user(self, user: str) -> datetime:
        return self.extensions.get(user, self.due)


class _GroupData(BaseModel):
    """What a group's properties hold under `KEY`."""

    model_config = ConfigDict(extra="allow")

    deadlines: dict[str, Deadline] = Field(default_factory=dict)


def deadline_of(group: Group, assignment: str) -> Deadline | None:
    """Return a group's deadline. Raises CohortError if its properties cannot be understood."""
    return _group_data(group).deadlines.get(assignment)


def due_for(user: str, assignment: str, groups: Iterable[Group]) -> datetime | None:
    """Return when a student's work is due, or None if there is no deadline."""
    deadlines = [deadline_of(group, assignment) for group in groups if user in group.users]
    return max((deadline.for_user(user) for deadline in deadlines if deadline is not None), default=None)


def deadlines_for(user: str, groups: Iterable[Group]) -> dict[str, datetime]:
    """Return when each assignment of a student's groups is due. What cannot be understood opens nothing."""
    found: dict[str, datetime] = {}
    for group in groups:
        if user not in group.users:
            continue
        with suppress(CohortError):
            for assignment, deadline in _group_data(group).deadlines.items():
                due = deadline.for_user(user)
                found[assignment] = max(due, found.get(assignment, due))
    return found


def with_due(group: Group, assignment: str, due: datetime) -> dict[str, Any]:
    """Return the group's properties with a new deadline. Extensions that are later than it are kept."""
    before = deadline_of(group, assignment)
    later = {user: until for user, until in before.extensions.items() if until > due} if before else {}
    return _with_deadline(group, assignment, Deadline(due=due, extensions=later))


def with_extension(group: Group, assignment: str, user: str, until: datetime) -> dict[str, Any]:
    """Return the group's properties with a student's own deadline.

    Raises CohortError if the group has no deadline, or if the new one is not later.
    """
    before = deadline_of(group, assignment)
    if before is None:
        raise CohortError("cohort.deadline.none", assignment=assignment, group=group.name)
    if until <= before.due:
        raise CohortError(
            "cohort.deadline.not_later", user=user, due=before.due.astimezone().isoformat(" ", "minutes")
        )
    extensions = before.extensions | {user: until}
    return _with_deadline(group, assignment, Deadline(due=before.due, extensions=extensions))


def _group_data(group: Group) -> _GroupData:
    try:
        return _GroupData.model_validate(group.properties.get(KEY, {}))
    except ValidationError as error:
        place = ".".join(map(str, (KEY, *error.errors()[0]["loc"])))
        raise CohortError("cohort.deadline.unreadable", group=group.name, place=place) from None


def _with_deadline(group: Group, assignment: str, deadline: Deadline) -> dict[str, Any]:
    data = _group_data(group)
    data = data.model_copy(update={"deadlines": data.deadlines | {assignment: deadline}})
    return group.properties | {KEY: data.model_dump(mode="json")}
