"""`changes.html`: who gains or loses what since the last grade, and why.

Rule: a student is named exactly where points, open points or what is reachable differ; wordings aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from exercises.assignment import Assignment
from exercises.i18n import Language, Translator, labelled, translator
from exercises.i18n import points as as_points
from grading.marks.applying import as_computed
from grading.marks.totals import with_totals
from grading.reports.student import render
from grading.results import CheckResult, Grade

NEGLIGIBLE = 0.005


@dataclass(frozen=True)
class Change:
    """One student's: `link` leads to the report; `why` are the reasons, in words."""

    student: str
    link: str
    before: Grade | None
    after: Grade | None
    why: tuple[str, ...]

    @property
    def difference(self) -> float | None:
        """How much the total changed; None where it was or is none."""
        if self.before is None or self.after is None or not (self.before.gradable and self.after.gradable):
            return None
        return round(self.after.total - self.before.total, 2)


def find_changes(
    assignment: Assignment,
    before: Mapping[str, Grade],
    after: Sequence[tuple[str, Grade]],
    language: Language,
) -> list[Change]:
    """Whose grade is another one, by the folder of their results; nobody where none was graded before."""
    if not before:
        return []
    say = _Reasons(assignment, translator("grading", language))
    found = []
    for folder, grade in after:
        old = before.get(folder)
        if why := say.why(_completed(old, assignment, language) if old else None, grade):
            found.append(
                Change(grade.student, f"{quote(folder)}/report.html", old, grade, tuple(dict.fromkeys(why)))
            )
    there = {folder for folder, _ in after}
    for folder, old in before.items():
        if folder not in there:
            found.append(
                Change(old.student, f"{quote(folder)}/report.html", old, None, (say.t("changes.gone"),))
            )
    return found


def changes_page(
    assignment: Assignment, changes: Sequence[Change], language: Language, *, first: bool
) -> str:
    """The page; `first`: there was no grade before."""
    return render(
        "changes.html.j2",
        language,
        assignment=assignment.title(language),
        changes=changes,
        first=first,
    )


def _completed(grade: Grade, assignment: Assignment, language: Language) -> Grade:
    """A grade from before totals were kept has its total now."""
    return grade if grade.explained else with_totals(grade, assignment, language)


class _Reasons:
    def __init__(self, assignment: Assignment, t: Translator) -> None:
        self.t = t
        self._titles = {e.id: e.title(t.language) for e in assignment.exercises}

    def why(self, before: Grade | None, after: Grade) -> list[str]:
        """Every reason why a grade is another one; none where it is the same."""
        if before is None:
            return [self.t("changes.new")]
        if before.status != after.status and not (before.gradable and after.gradable):
            was, now = self.t(f"status.{before.status}"), self.t(f"status.{after.status}")
            return [self.t("changes.status", before=was, after=now)]
        old = {check.id: check for check in before.checks}
        new = {check.id: check for check in after.checks}
        reasons = [
            line for name, check in new.items() for line in self._check(old.get(name), check, bool(old))
        ]
        reasons += [
            self._line(check, "check_gone_marked" if check.by_person else "check_gone", points=check.points)
            for name, check in old.items()
            if name not in new and (check.points or check.needs_person or check.by_person)
        ]
        for name in ("late_points", "dropped_points", "extra_cut", "maximum"):
            was, now = getattr(before, name), getattr(after, name)
            if abs(was - now) > NEGLIGIBLE:
                said = {"before": self._number(was), "after": self._number(now)}
                reasons.append(self.t(f"changes.{name}", **said))
        return reasons

    def _check(self, before: CheckResult | None, after: CheckResult, graded: bool) -> list[str]:
        if before is None:
            new = graded and (after.points or after.needs_person or after.maximum)
            return [self._line(after, "check_new", points=after.points, maximum=after.maximum)] if new else []
        told = []
        if abs(before.maximum - after.maximum) > NEGLIGIBLE:
            told.append(self._line(after, "worth", before=before.maximum, after=after.maximum))
        if _counts(before) == _counts(after):
            return told
        computed = as_computed(before), as_computed(after)
        if after.by_person or before.by_person:
            same = before.by_person and after.by_person and before.items == after.items and after.items
            key = "rubric" if same else "person" if after.by_person else "withdrawn"
            told.append(self._line(after, key, before=before.points, after=after.points))
        elif computed[0].status != computed[1].status or computed[0].points != computed[1].points:
            words = {
                "was": self.t(f"changes.is_{before.status}"),
                "now": self.t(f"changes.is_{after.status}"),
                "cause": after.cause.message if after.cause else "",
            }
            told.append(self._line(after, "computed", before=before.points, after=after.points, **words))
        return told

    def _line(self, check: CheckResult, key: str, **values: float | str) -> str:
        said = {n: self._number(v) if isinstance(v, int | float) else v for n, v in values.items()}
        exercise = check.id.partition("/")[0]
        where = labelled(self._titles.get(exercise, exercise), check.title, self.t.language)
        return self.t(f"changes.{key}", check=where, **said).rstrip(" \u00a0:—")

    def _number(self, value: float) -> str:
        return as_points(value, self.t.language)


def _counts(check: CheckResult) -> tuple[float, bool]:
    return check.points, check.needs_person
