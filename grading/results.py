"""What a check says, and what a submission earned: the words of `grade.json`.

`passed` is true, false, or null where it could not be checked. Missing, zero and not gradable
are three different things: a check that failed, one that earned nothing, a submission that
cannot be read.
"""

from pydantic import BaseModel, ConfigDict


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


class Grade(_Result):
    student: str
    assignment: str
    gradable: bool
    reasons: tuple[str, ...] = ()
    points: float
    maximum: float
    checks: tuple[CheckResult, ...] = ()
