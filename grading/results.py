"""What a check says, and what a submission earned: the words of `grade.json`.

`passed` is true, false, or null where it could not be checked. Missing, zero and not gradable
are three different things: a check that failed, one that earned nothing, a submission that
cannot be read. Points that only a person can give are null, marked `needs_person`, and earn 0 until
that person has read them.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Result(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cause(_Result):
    """Why, in the student's language; `expected` and `actual` are set where there are such values."""

    message: str
    expected: str | None = None
    actual: str | None = None


class CheckResult(_Result):
    """`id` is `<exercise>/<run or subject>/<rule>`, such as `sweep/t2i_run06_ddim/parameters`."""

    id: str
    title: str
    passed: bool | None
    points: float
    maximum: float
    cause: Cause | None = None
    needs_person: bool = False


class Lateness(_Result):
    """When collected work was due, handed in and last changed, and how long after the deadline that was.

    `handed_in` is None for work that was taken as it was; without a deadline nothing is late.
    """

    due: AwareDatetime | None
    handed_in: AwareDatetime | None
    changed: AwareDatetime | None
    late_seconds: Annotated[int, Field(ge=0)]


Status = Literal["graded", "to_read", "missing", "not_gradable"]


class Grade(_Result):
    """What one submission earned.

    `reasons`: why it cannot be graded; `missing`: nothing was handed in, a reason of its own.
    `findings`: what else there is to know (an unreadable file). `for_grader`: what the student's own
    report must not say, since it names others (a picture that another one handed in as well).
    `lateness` is known of work that `cohort collect` stored. None of them changes points.
    """

    student: str
    assignment: str
    gradable: bool
    missing: bool = False
    reasons: tuple[str, ...] = ()
    points: float
    maximum: float
    lateness: Lateness | None = None
    findings: tuple[str, ...] = ()
    for_grader: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()

    @property
    def status(self) -> Status:
        """What the points mean; `to_read`: more may come once a person has read."""
        if not self.gradable:
            return "missing" if self.missing else "not_gradable"
        return "to_read" if self.to_read else "graded"

    @property
    def to_read(self) -> float:
        """Points that wait for a person."""
        return round(sum(c.maximum for c in self.checks if c.needs_person), 2)


class Regeneration(_Result):
    """What making one recorded picture again gave. `psnr` in dB against the picture handed in."""

    stem: str
    verdict: Literal["identical", "compatible", "different", "not checkable"]
    causes: tuple[str, ...] = ()
    psnr: float | None = None
