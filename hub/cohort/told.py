"""What a student's lab may say of the student's work, read strictly: each number and text has its bounds.

A lab is its student's process. What is said here may be untrue; it cannot be huge, of another type, or more
than one printable line where one is expected. Fields a lab of an earlier version does not send have a value.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from hub.cohort.text import printable_line
from hub.cohort.times import showable

MOST_EXERCISES = 100
MOST_FAILING = 200
MOST_CHECKS = 500
MOST_PICTURES = 100
MOST_NEWEST = 6

Status = Literal["passed", "failed", "to_do", "open", "unchecked"]


def _moment(value: object) -> object:
    """A time with an offset, as text. What is none is left as it is, and refused."""
    return datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else value


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return showable(moment)


Count = Annotated[int, Field(ge=0, le=10**9)]
Points = Annotated[float, Field(ge=0, le=10**6, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=10**8, allow_inf_nan=False)]
Line = Annotated[str, Field(max_length=2000), AfterValidator(printable_line)]
Id = Annotated[str, Field(max_length=200), AfterValidator(printable_line)]
Stem = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]
Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_aware)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class ExerciseProgress(_Told):
    """How far one exercise is. `open`: points that a person has still to judge."""

    id: Id
    points: Points
    maximum: Points
    open: Points = 0.0
    passed: Count = 0
    checks: Count = 0
    pictures: Count = 0
    seconds: Seconds = 0.0


class Failing(_Told):
    """A check that is wrong now, and how many pictures were made for it."""

    check: Id
    attempts: Count


class NewPicture(_Told):
    """One of the newest pictures."""

    stem: Stem
    time: Moment


class Progress(_Told):
    """A lab's answer at `class/progress`."""

    points: Points
    maximum: Points
    pictures: Count
    running: Count
    changed: Moment | None = None
    exercises: list[ExerciseProgress] = Field(default=[], max_length=MOST_EXERCISES)
    failing: list[Failing] = Field(default=[], max_length=MOST_FAILING)
    newest: list[NewPicture] = Field(default=[], max_length=MOST_NEWEST)


class Check(_Told):
    """A line of the student's checklist."""

    id: Id
    title: Line
    status: Status
    points: Points
    maximum: Points
    cause: Line = ""


class Picture(_Told):
    """A picture in the list."""

    stem: Stem
    exercise: Id
    run: Id
    attempt: Count
    time: Moment
    prompt: Line = ""


class Checklist(_Told):
    """A lab's answer at `class/checklist`."""

    checks: list[Check] = Field(max_length=MOST_CHECKS)
    pictures: list[Picture] = Field(max_length=MOST_PICTURES)
