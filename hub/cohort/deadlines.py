"""When assignments open and are due, which is stored in the properties of the Hub's groups.

`properties["genai_lab"]["deadlines"][ASSIGNMENT]` holds `due`, `opens` where the assignment does not open at
once, and for single students `extensions`. Students have their group's deadline or their own extension of
it; a student of several groups has the earliest opening and the latest deadline. Other properties of a group
are left unchanged.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from exercises.i18n import Language
from hub.cohort.client import Group, HubClient
from hub.cohort.errors import CohortError
from hub.cohort.text import join_names
from hub.cohort.times import local_text, parse_deadline, showable

KEY = "genai_lab"
Moment = Annotated[AwareDatetime, AfterValidator(showable)]


class Deadline(BaseModel):
    """The deadline of one group for one assignment, and when it opens: at once where nothing is said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    opens: Moment | None = None
    due: Moment
    extensions: dict[str, Moment] = Field(default_factory=dict)  # by user name

    def for_user(self, user: str) -> datetime:
        return self.extensions.get(user, self.due)


class Dates(NamedTuple):
    """When an assignment opens to a student, None for at once, and when it is due."""

    opens: datetime | None
    due: datetime


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


def dates_for(user: str, groups: Iterable[Group]) -> dict[str, Dates]:
    """Return the dates of each assignment of a student's groups. What cannot be understood opens nothing."""
    found: dict[str, Dates] = {}
    for group in groups:
        if user not in group.users:
            continue
        with suppress(CohortError):
            for assignment, deadline in _group_data(group).deadlines.items():
                own = Dates(deadline.opens, deadline.for_user(user))
                other = found.get(assignment, own)
                opens = min(own.opens, other.opens) if own.opens and other.opens else None
                found[assignment] = Dates(opens, max(own.due, other.due))
    return found


def with_due(
    group: Group,
    assignment: str,
    due: datetime,
    opens: datetime | Literal["at once", "as before"] = "as before",
) -> dict[str, Any]:
    """Return the group's properties with a new deadline. Extensions that are later than it are kept.

    Raises CohortError if the assignment would not open before it is due.
    """
    before = deadline_of(group, assignment)
    if opens == "as before":
        opens = before.opens if before and before.opens else "at once"
    if opens != "at once" and opens >= due:
        raise CohortError(
            "cohort.deadline.opens_too_late", opens=local_text(opens), due=local_text(due), group=group.name
        )
    later = {user: until for user, until in before.extensions.items() if until > due} if before else {}
    moment = None if opens == "at once" else opens
    return _with_deadline(group, assignment, Deadline(opens=moment, due=due, extensions=later))


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
    return _with_deadline(group, assignment, before.model_copy(update={"extensions": extensions}))


def without_extensions(group: Group, user: str) -> dict[str, Any] | None:
    """Return the group's properties without a student's own deadlines; None if there are none."""
    with suppress(CohortError):
        data = _group_data(group)
        own = {name: each for name, each in data.deadlines.items() if user in each.extensions}
        properties = None
        for name, deadline in own.items():
            others = {each: until for each, until in deadline.extensions.items() if each != user}
            properties = _with_deadline(group, name, deadline.model_copy(update={"extensions": others}))
            group = group.model_copy(update={"properties": properties})
        return properties
    return None


async def extend(
    hub: HubClient,
    assignment: str,
    student: str,
    when: str,
    *,
    group: str | None = None,
    language: Language | None = None,
) -> datetime:
    """Give a student more time and return until when; `+2d` counts from the deadline the student has.

    The group may be left out if the student has the deadline by one alone. Raises CohortError.
    """
    if not when.strip().startswith("+"):
        parse_deadline(when, language=language)  # an invalid date is an error before the Hub is asked
    async with hub.turns.turn():
        groups = {name: each for name, each in (await hub.groups()).items() if student in each.users}
        if not groups:
            raise CohortError("cohort.deadline.no_student", user=student)
        dated = {name: each for name, each in groups.items() if deadline_of(each, assignment)}
        chosen = choose_group(dated or groups, group)
        before = deadline_of(chosen, assignment)
        until = parse_deadline(when, after=before.for_user(student) if before else None, language=language)
        await hub.set_properties(chosen.name, with_extension(chosen, assignment, student, until))
        return until


def choose_group(groups: Mapping[str, Group], name: str | None) -> Group:
    """Return the group of that name, or the only group. Raises CohortError."""
    known = join_names(sorted(groups))
    if name is not None:
        if name not in groups:
            raise CohortError("cohort.no_group", group=name, known=known)
        return groups[name]
    if len(groups) != 1:
        raise CohortError(
            "cohort.deadline.which_group" if groups else "cohort.deadline.no_groups", known=known
        )
    return next(iter(groups.values()))


def _group_data(group: Group) -> _GroupData:
    try:
        return _GroupData.model_validate(group.properties.get(KEY, {}))
    except ValidationError as error:
        place = ".".join(map(str, (KEY, *error.errors()[0]["loc"])))
        raise CohortError("cohort.deadline.unreadable", group=group.name, place=place) from None


def _with_deadline(group: Group, assignment: str, deadline: Deadline) -> dict[str, Any]:
    data = _group_data(group)
    deadlines = {
        name: each.model_dump(mode="json", exclude_none=True)
        for name, each in (data.deadlines | {assignment: deadline}).items()
    }
    return group.properties | {KEY: data.model_dump(mode="json") | {"deadlines": deadlines}}
