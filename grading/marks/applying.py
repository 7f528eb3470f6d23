"""What marks make of the checks that a program computed.

Rule: points given by hand go before rubric items. A check whose rubric has an item that adds points begins
at 0, one whose items only take away at its maximum; it never leaves that range. What a mark says of an item
or a check that is no more changes nothing, and is told. What waited for a check has the same share of its
points as that check has.
"""

from collections.abc import Iterable, Mapping, Sequence

from exercises.assignment import Assignment
from exercises.i18n import Language
from exercises.kinds.base import RubricItem
from grading.marks.mark import NAME, NOTHING, Mark
from grading.results import CheckResult, Computed
from grading.wording import Message, message


def mark_checks(
    checks: Iterable[CheckResult], marks: Mapping[str, Mark], assignment: Assignment, language: Language
) -> list[CheckResult]:
    """The checks with what people decided; what waited for such a decision follows it. Those that carry an
    earlier decision are taken as they were computed."""
    decided: dict[str, CheckResult] = {}
    for marked in checks:
        check = as_computed(marked)
        mark = marks.get(check.id, NOTHING)
        given = given_points(mark, check, assignment)
        items: tuple[str, ...] = ()
        if given is not None:
            items = tuple(item.text(language) for item in items_of(mark, check.id, assignment))
        elif check.needs_person and check.waits_for is not None and decided[check.waits_for].by_person:
            first = decided[check.waits_for]
            given = round(check.maximum * (first.points / first.maximum if first.maximum else 1.0), 2)
        if given is not None:
            check = check.model_copy(
                update={
                    "points": given,
                    "passed": given > 0,
                    "needs_person": False,
                    "by_person": True,
                    "items": items,
                    "computed": Computed(
                        passed=check.passed, points=check.points, needs_person=check.needs_person
                    ),
                }
            )
        decided[check.id] = check
    return list(decided.values())


def as_computed(check: CheckResult) -> CheckResult:
    """The check as the program left it."""
    if check.computed is None:
        return check
    update = {**dict(check.computed), "by_person": False, "items": (), "computed": None}
    return check.model_copy(update=update)


def rubric_of(assignment: Assignment, check_id: str) -> list[RubricItem]:
    """The items that are offered at a check."""
    exercise = assignment.exercise(check_id.partition("/")[0])
    return [item for item in exercise.rubric if item.suits(check_id)] if exercise else []


def items_of(mark: Mark, check_id: str, assignment: Assignment) -> list[RubricItem]:
    """The items given that there are still, in the rubric's order."""
    return [item for item in rubric_of(assignment, check_id) if item.id in mark.items]


def given_points(mark: Mark, check: CheckResult, assignment: Assignment) -> float | None:
    """What a mark gives for a check; None where it decides nothing."""
    if mark.points is not None:
        return min(mark.points, check.maximum)
    given = items_of(mark, check.id, assignment)
    return points_of(given, rubric_of(assignment, check.id), check.maximum) if given else None


def points_of(given: Sequence[RubricItem], rubric: Sequence[RubricItem], maximum: float) -> float:
    """What these items of a rubric come to."""
    start = 0.0 if any(item.points > 0 for item in rubric) else maximum
    return round(min(maximum, max(0.0, start + sum(item.points for item in given))), 2)


def marks_without_place(
    marks: Mapping[str, Mark], checks: Iterable[CheckResult], assignment: Assignment
) -> list[Message]:
    """The marks of checks that are no more, and those with items that are no more."""
    ids = {check.id for check in checks}
    found = []
    for name, mark in marks.items():
        if name.startswith(NAME) or not mark.decides:
            continue
        if name not in ids:
            found.append(message("marks.check", check=name))
            continue
        known = {item.id for item in rubric_of(assignment, name)}
        if gone := tuple(item for item in mark.items if item not in known):
            found.append(message("marks.item", check=name, items=gone))
    return found
