"""What a check says, and what a submission earned: the words of `grade.json`.

`passed` is true, false, or null where it could not be checked. Missing, zero and not gradable
are three different things: a check that failed, one that earned nothing, a submission that
cannot be read. What only a person can judge is *open*: `passed` is null, `needs_person` is set, and
its points are neither given nor taken until that person has judged it.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from exercises.i18n import Language


class _Result(BaseModel):
    # What is computed is written and, when it is read back, computed again.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Cause(_Result):
    """Why, in the student's language; `expected` and `actual` are set where there are such values."""

    message: str
    expected: str | None = None
    actual: str | None = None


CheckStatus = Literal["passed", "failed", "to_do", "open", "unchecked"]


class Computed(_Result):
    """What the program said of a check, where a person has decided since."""

    passed: bool | None
    points: float
    needs_person: bool


class CheckResult(_Result):
    """`id` is `<exercise>/<run or subject>/<rule>`, such as `sweep/t2i_run06_ddim/parameters`.

    `waits_for` is the id of the open check on which this one depends; `by_person`: a person gave the points;
    `begun` is false where nothing is there yet that could be right or wrong; `optional`: its exercise may be
    left out, and its points come on top of the assignment's; `computed` and `items` (what a person found, in
    the words of the rubric) stand where a person decided.
    """

    id: str
    title: str
    passed: bool | None
    points: float
    maximum: float
    cause: Cause | None = None
    needs_person: bool = False
    waits_for: str | None = None
    by_person: bool = False
    begun: bool = True
    optional: bool = False
    computed: Computed | None = None
    items: tuple[str, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def status(self) -> CheckStatus:
        """`unchecked`: it could not be checked, since an earlier check did not pass."""
        if self.needs_person:
            return "open"
        if self.passed is None:
            return "unchecked"
        return "passed" if self.passed else "failed" if self.begun else "to_do"

    @property
    def is_missing(self) -> bool:
        """Whether the student has something to do here, which is neither optional nor a person's to judge."""
        return self.passed is not True and not self.needs_person and not self.optional


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
    report must not say: what looks forged, and what names others (a picture that another one handed in
    as well), most certain first. `lateness` is known of work that `cohort collect` stored. None of them
    changes points, unless the assignment has a rule on lateness. `groups` are the Hub's, where the work was
    collected there; `language` is the one in which the student is told all this.

    `points` are what the checks give: `computed` by the program, `marked` by people on top of it (less than 0
    where they took points away). `total` is what counts: `points` without `late_points` (for `late_days` days
    begun), without what the exercises in `dropped` earned (`dropped_points`) and what optional ones earned
    beyond what may come on top (`extra_cut`). `explained` says the sum in one line.
    """

    student: str
    assignment: str
    gradable: bool
    missing: bool = False
    reasons: tuple[str, ...] = ()
    points: float
    maximum: float
    groups: tuple[str, ...] = ()
    language: Language | None = None
    lateness: Lateness | None = None
    findings: tuple[str, ...] = ()
    for_grader: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    computed: float = 0.0
    marked: float = 0.0
    late_days: int = 0
    late_points: float = 0.0
    dropped: tuple[str, ...] = ()
    dropped_points: float = 0.0
    extra_cut: float = 0.0
    total: float = 0.0
    explained: str = ""
    without_receipt: int = 0  # of the pictures that count
    hub_user: str = ""  # the name at the Hub, where the work was collected there under another one

    @property
    def status(self) -> Status:
        """What the points mean; `to_read`: more may come once a person has read."""
        if not self.gradable:
            return "missing" if self.missing else "not_gradable"
        return "to_read" if self.open else "graded"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def open(self) -> float:
        """The points that a person has still to give or refuse."""
        return open_points(self.checks)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def possible(self) -> float:
        """What it comes to when a person gives all that is open."""
        return round(self.points + self.open, 2)


def earned_points(checks: Iterable[CheckResult]) -> float:
    """What these checks earned."""
    return round(sum(c.points for c in checks), 2)


def asked_points(checks: Iterable[CheckResult]) -> float:
    """What all checks are worth that are not optional."""
    return round(sum(c.maximum for c in checks if not c.optional), 2)


def open_points(checks: Iterable[CheckResult]) -> float:
    """What a person has still to judge of these checks."""
    return round(sum(c.maximum for c in checks if c.needs_person), 2)


class Regeneration(_Result):
    """What making one recorded picture again gave. `psnr` in dB against the picture handed in."""

    stem: str
    verdict: Literal["identical", "compatible", "different", "not checkable"]
    causes: tuple[str, ...] = ()
    psnr: float | None = None
