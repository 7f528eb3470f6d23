"""How an assignment's points come together: what lateness costs, what is dropped, what comes on top.

Rule: nothing here is applied unless the assignment's file says so.
"""

from typing import Annotated

from pydantic import Field

from exercises.kinds.base import ExerciseBase, Frozen, Points, check_unique
from exercises.parameters import Slug
from exercises.toml_file import TomlFile

Percent = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Minutes = Annotated[int, Field(strict=True, ge=0, le=14 * 24 * 60)]
SECONDS_A_DAY = 24 * 60 * 60


class LateRule(Frozen):
    """For each day begun after the deadline so many points, or so many per cent of the assignment's points.

    Up to `grace_minutes` after the deadline nothing is late; after that, days count from the deadline.
    `at_most` bounds what is taken away, in the unit of the rule.
    """

    points_a_day: Points | None = None
    percent_a_day: Percent | None = None
    grace_minutes: Minutes = 0
    at_most: Points | None = None

    def days(self, late_seconds: int) -> int:
        """The days begun after the deadline; 0 within the grace."""
        return 0 if late_seconds <= 60 * self.grace_minutes else -(-late_seconds // SECONDS_A_DAY)

    def costs(self, late_seconds: int, maximum: float) -> float:
        """The points that so much lateness takes away from an assignment of `maximum` points."""
        share = 1.0 if self.points_a_day is not None else maximum / 100
        each = self.points_a_day if self.points_a_day is not None else self.percent_a_day or 0.0
        asked = self.days(late_seconds) * each
        return round(share * (asked if self.at_most is None else min(asked, self.at_most)), 2)


class Drop(Frozen):
    """Of these exercises, all worth the same, the `count` in which least was earned do not count."""

    of: tuple[Slug, ...] = Field(min_length=2, max_length=50)
    count: Annotated[int, Field(strict=True, ge=1, le=49)] = 1


class Scoring(Frozen):
    """`extra_at_most`: how many points optional exercises may add; without it, all they are worth."""

    drop_lowest: Drop | None = None
    extra_at_most: Points | None = None


def check_late(file: TomlFile, late: LateRule) -> None:
    """A rule is in points or in per cent, not both. Raises ExerciseError."""
    if (late.points_a_day is None) == (late.percent_a_day is None):
        raise file.error(("late",), "points_or_percent")
    if late.percent_a_day is not None and late.at_most is not None and late.at_most > 100:
        raise file.error(("late", "at_most"), "at_most", le=100)


def check_scoring(file: TomlFile, scoring: Scoring, exercises: tuple[ExerciseBase, ...]) -> None:
    """What is dropped are exercises of the assignment that are worth the same. Raises ExerciseError."""
    drop = scoring.drop_lowest
    if drop is None:
        return
    there = {e.id: e.points for e in exercises if not e.optional}
    seen: set[str] = set()
    for index, name in enumerate(drop.of):
        place = ("scoring", "drop_lowest", "of", index)
        check_unique(file, place, name, seen)
        if name not in there:
            raise file.error(place, "one_of", expected=", ".join(there))
        if there[name] != there[drop.of[0]]:
            raise file.error(place, "same_points", points=f"{there[drop.of[0]]:g}")
    if drop.count >= len(drop.of):
        raise file.error(("scoring", "drop_lowest", "count"), "at_most", le=len(drop.of) - 1)


def dropped_points(scoring: Scoring, exercises: tuple[ExerciseBase, ...]) -> float:
    """What the exercises that are dropped are worth together."""
    drop = scoring.drop_lowest
    if drop is None:
        return 0.0
    return drop.count * next(e.points for e in exercises if e.id == drop.of[0])
