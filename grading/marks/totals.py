"""From points to the total: what people changed, what lateness costs, what is dropped, in one line.

Rule: each part stands apart in the grade, and the line adds up.
"""

from collections.abc import Mapping, Sequence

from exercises.assignment import Assignment
from exercises.i18n import Language, translator
from exercises.i18n import points as as_points
from grading.marks.applying import as_computed, mark_checks
from grading.marks.mark import Mark
from grading.results import CheckResult, Grade, earned_points


def with_marks(grade: Grade, marks: Mapping[str, Mark], assignment: Assignment, language: Language) -> Grade:
    """A grade as it stands with these marks, whatever marks it was made with. `language` is for one of which
    the student's own is not known."""
    own = grade.language or language
    checks = tuple(mark_checks(grade.checks, marks, assignment, own))
    return with_totals(grade.model_copy(update={"checks": checks}), assignment, own)


def with_totals(grade: Grade, assignment: Assignment, language: Language) -> Grade:
    """The grade with its points, the parts of its total and the line that explains it."""
    if not grade.gradable:
        return grade
    points = earned_points(grade.checks)
    computed = earned_points(as_computed(check) for check in grade.checks)
    dropped = _dropped(assignment, grade.checks)
    dropped_points = round(sum(_earned(grade.checks, name) for name in dropped), 2)
    extra = [e for e in assignment.exercises if e.optional]
    earned_extra = round(sum(_earned(grade.checks, e.id) for e in extra), 2)
    most = assignment.scoring.extra_at_most
    extra_cut = 0.0 if most is None else round(max(0.0, earned_extra - most), 2)
    late_seconds = grade.lateness.late_seconds if grade.lateness else 0
    late_days, late_points = 0, 0.0
    before = max(0.0, points - dropped_points - extra_cut)
    if assignment.late is not None and late_seconds:
        late_days = assignment.late.days(late_seconds)
        late_points = min(before, assignment.late.costs(late_seconds, assignment.points))
    counted = grade.model_copy(
        update={
            "points": points,
            "computed": computed,
            "marked": round(points - computed, 2),
            "late_days": late_days,
            "late_points": round(late_points, 2),
            "dropped": dropped,
            "dropped_points": dropped_points,
            "extra_cut": extra_cut,
            "total": round(before - late_points, 2),
        }
    )
    return counted.model_copy(update={"explained": explained(counted, assignment, language)})


def explained(grade: Grade, assignment: Assignment, language: Language) -> str:
    """The sum in one line: `13.57 by checks + 4 by people − 2 for lateness (1 day begun) = 15.57 of 20`."""
    t = translator("grading", language)

    def said(key: str, value: float, **values: object) -> str:
        return t(f"total.{key}", points=as_points(value, language), **values)

    parts = [said("computed", grade.computed)]
    if grade.marked:
        parts.append(said("more" if grade.marked > 0 else "less", abs(grade.marked)))
    if grade.dropped:
        titles = [e.title(language) for e in assignment.exercises if e.id in grade.dropped]
        parts.append(said("dropped", grade.dropped_points, exercises=", ".join(titles)))
    if grade.extra_cut:
        parts.append(said("extra", grade.extra_cut))
    if grade.late_days:
        parts.append(said("late", grade.late_points, days=grade.late_days))
    total = said("sum", grade.total, maximum=as_points(grade.maximum, language))
    line = " ".join((*parts, total))
    return f"{line}{said('open', grade.open)}" if grade.open else line


def _dropped(assignment: Assignment, checks: Sequence[CheckResult]) -> tuple[str, ...]:
    """The exercises that do not count: those in which least was earned, of equals the later ones."""
    drop = assignment.scoring.drop_lowest
    if drop is None:
        return ()
    order = {name: place for place, name in enumerate(e.id for e in assignment.exercises)}
    lowest = sorted(drop.of, key=lambda name: (_earned(checks, name), -order[name]))
    return tuple(sorted(lowest[: drop.count], key=order.__getitem__))


def _earned(checks: Sequence[CheckResult], exercise: str) -> float:
    return earned_points(check for check in checks if check.id.startswith(f"{exercise}/"))
