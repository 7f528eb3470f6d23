"""Deadlines, kept where the class is: in the properties of the Hub's groups.

`properties["genai_lab"]["deadlines"][ASSIGNMENT]` holds `due` and, for single students,
`extensions`. Everyone has the deadline of their group, or their own extension of it; who is in
several groups has the latest. Other properties of a group are left as they are.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.cohort.client import Group
from hub.cohort.errors import CohortError

KEY = "genai_lab"


class Deadline(BaseModel):
    """Of one group, for one assignment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    due: AwareDatetime
    extensions: dict[str, AwareDatetime] = Field(default_factory=dict)  # by user name

    def of(self, user: str) -> datetime:
        return self.extensions.get(user, self.due)


class _Kept(BaseModel):
    """What stands in a group's properties under `KEY`."""

    model_config = ConfigDict(extra="allow")

    deadlines: dict[str, Deadline] = Field(default_factory=dict)


def deadline_of(group: Group, assignment: str) -> Deadline | None:
    """Raises CohortError where something else stands in the deadline's place."""
    return _kept(group).deadlines.get(assignment)


def due_for(user: str, assignment: str, groups: Iterable[Group]) -> datetime | None:
    """When a student has to be done; None: whenever they like."""
    deadlines = [deadline_of(group, assignment) for group in groups if user in group.users]
    return max((deadline.of(user) for deadline in deadlines if deadline is not None), default=None)


def with_due(group: Group, assignment: str, due: datetime) -> dict[str, Any]:
    """The group's properties with that deadline; extensions that are still later stay."""
    before = deadline_of(group, assignment)
    kept = {user: until for user, until in before.extensions.items() if until > due} if before else {}
    return _with(group, assignment, Deadline(due=due, extensions=kept))


def with_extension(group: Group, assignment: str, user: str, until: datetime) -> dict[str, Any]:
    """The group's properties with that student's own deadline. Raises CohortError: none, or not later."""
    before = deadline_of(group, assignment)
    if before is None:
        raise CohortError("cohort.deadline.none", assignment=assignment, group=group.name)
    if until <= before.due:
        raise CohortError(
            "cohort.deadline.not_later", user=user, due=before.due.astimezone().isoformat(" ", "minutes")
        )
    return _with(group, assignment, Deadline(due=before.due, extensions=before.extensions | {user: until}))


def _kept(group: Group) -> _Kept:
    try:
        return _Kept.model_validate(group.properties.get(KEY, {}))
    except ValidationError as error:
        place = ".".join(map(str, (KEY, *error.errors()[0]["loc"])))
        raise CohortError("cohort.deadline.unreadable", group=group.name, place=place) from None


def _with(group: Group, assignment: str, deadline: Deadline) -> dict[str, Any]:
    kept = _kept(group)
    kept = kept.model_copy(update={"deadlines": kept.deadlines | {assignment: deadline}})
    return group.properties | {KEY: kept.model_dump(mode="json")}
