"""The page's parts as HTML, in the reader's language: templates with everything escaped, and what they show.

What checks are called is known here (from an empty submission), so no lab gives a question its name.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from exercises.assignment import Assignment
from exercises.errors import UserError
from exercises.i18n import Language, Translator, money, number, translator
from exercises.i18n import points as as_points
from exercises.loader import find_assignment
from exercises.templates import templates
from grading.checks import check_submission
from grading.submission.reading import Submission
from hub.class_page.actions import Actions, Question
from hub.class_page.known import Seen
from hub.class_page.statistics import questions
from hub.class_page.watch import Watch
from hub.cohort.errors import CohortError
from hub.cohort.times import local_text, utc_now
from hub.cohort.told import Checklist, ExerciseProgress, NewPicture

KeyOf = Callable[[str, str, NewPicture], str]
TINTS = 4  # shades between nothing and everything


@dataclass(frozen=True)
class Cell:
    """An exercise of one student: what is earned, what a person has still to judge, and how dark it is."""

    said: str
    open: str
    tint: int


class Pages:
    """`key_of` gives the key by which a page asks for a picture."""

    def __init__(self, watch: Watch, actions: Actions, key_of: KeyOf, assignments: Sequence[str]) -> None:
        self._watch, self._actions, self._key_of, self._ids = watch, actions, key_of, assignments

    def class_(
        self, assignment: Assignment, group: str | None, language: Language, *, nobody_ticked: bool = False
    ) -> str:
        now = utc_now()
        rows = self._watch.rows(assignment.id, group, now)
        seen = [row.seen for row in rows if row.seen]
        shared = self._watch.shared
        return self._render(
            "class.html.j2",
            assignment,
            group,
            language,
            rows=rows,
            cells={row.user: cells(assignment, row.seen, language) for row in rows},
            titles=check_titles(assignment, language),
            notices=self._actions.notices(),
            nobody_ticked=nobody_ticked,
            away=self._watch.away,
            shared=shared,
            ready=sum(row.lab == "ready" for row in rows),
            stuck=sum(row.trouble is not None for row in rows),
            mean=sum(each.progress.points for each in seen) / len(seen) if seen else None,
            running=sum(row.seen.progress.running for row in rows if row.live and row.seen),
        )

    def statistics(self, assignment: Assignment, group: str | None, language: Language) -> str:
        rows = self._watch.rows(assignment.id, group, utc_now())
        return self._render(
            "statistics.html.j2",
            assignment,
            group,
            language,
            questions=questions(assignment, (row.seen for row in rows if row.seen)),
            names={exercise.id: exercise.title(language) for exercise in assignment.exercises},
            titles=check_titles(assignment, language),
            unseen=sum(row.seen is None for row in rows),
        )

    def wall(self, assignment: Assignment, group: str | None, anonymous: bool, language: Language) -> str:
        rows = [row for row in self._watch.rows(assignment.id, group, utc_now()) if row.seen]
        sheets = [
            (row.user, [self._key_of(assignment.id, row.user, each) for each in row.seen.progress.newest])
            for row in rows
            if row.seen and row.seen.progress.newest
        ]
        # By name, or in an order that says nothing of names and stays while one looks.
        sheets.sort(
            key=lambda sheet: hashlib.sha256(sheet[1][-1].encode()).digest() if anonymous else sheet[0]
        )
        return self._render(
            "wall.html.j2",
            assignment,
            group,
            language,
            sheets=[("" if anonymous else user, keys) for user, keys in sheets],
            anonymous=anonymous,
        )

    def student(
        self,
        assignment: Assignment,
        user: str,
        checklist: Checklist | None,
        silent: CohortError | None,
        language: Language,
    ) -> str:
        row = self._watch.row(assignment.id, user, utc_now())
        known = self._watch.user(user)
        if checklist is not None:
            pictures = [
                (
                    each.exercise,
                    each.run,
                    each.attempt,
                    each.prompt,
                    NewPicture(stem=each.stem, time=each.time),
                )
                for each in checklist.pictures
            ]
        else:
            newest = row.seen.progress.newest if row and row.seen else []
            pictures = [("", each.stem, 1, "", each) for each in newest]
        return self._render(
            "student.html.j2",
            assignment,
            None,
            language,
            row=row,
            address=known.server.url if known and known.server and known.server.ready else "",
            cells=cells(assignment, row.seen if row else None, language),
            checks={
                exercise.id: [each for each in checklist.checks if each.id.startswith(f"{exercise.id}/")]
                for exercise in assignment.exercises
            }
            if checklist
            else None,
            pictures=[
                (*each, local_text(which.time), self._key_of(assignment.id, user, which))
                for *each, which in pictures
            ],
            silent=silent,
            titles=check_titles(assignment, language),
            notices=self._actions.notices(),
            shared=self._watch.shared,
        )

    def confirm(self, question: Question, group: str, language: Language) -> str:
        assignment = find_assignment(question.asked.assignment)
        return self._render("confirm.html.j2", assignment, group or None, language, question=question)

    def _render(
        self, template: str, assignment: Assignment, group: str | None, language: Language, **values: object
    ) -> str:
        t, now = translator("hub", language), utc_now()
        return (
            templates("hub.class_page")
            .get_template(template)
            .render(
                t=t,
                language=language,
                assignment=assignment,
                assignments=_titles(self._ids, language),
                group=group or "",
                groups=sorted(self._watch.groups),
                age=partial(age, t=t, now=now),
                span=partial(span, t=t),
                time=local_text,
                number=partial(number, language=language),
                points=partial(as_points, language=language),
                money=lambda micros, currency: money(micros / 1e6, currency, language),
                **values,
            )
        )


def cells(assignment: Assignment, seen: Seen | None, language: Language) -> list[Cell]:
    """A cell for each exercise. Of what was never seen, or is not named by the lab, nothing is known."""
    told: dict[str, ExerciseProgress] = {}
    for each in seen.progress.exercises if seen else ():
        told.setdefault(each.id, each)
    return [_cell(told.get(e.id), e.points, language) for e in assignment.exercises]


def _cell(told: ExerciseProgress | None, maximum: float, language: Language) -> Cell:
    if told is None:
        return Cell("–", "", 0)
    share = min(told.points / maximum, 1.0) if maximum else 0.0
    tint = TINTS if share >= 0.999 else 1 + int(share * (TINTS - 1)) if told.points else 0
    return Cell(
        as_points(min(told.points, maximum), language),
        as_points(told.open, language) if told.open else "",
        tint,
    )


def check_titles(assignment: Assignment, language: Language) -> dict[str, str]:
    """What the checks are called, by id. A check that only some submissions have has no entry."""
    checks = check_submission(assignment, Submission("", assignment.id), language)
    return {check.id: check.title for check in checks}


def age(moment: datetime, *, t: Translator, now: datetime) -> str:
    """How long ago, roughly."""
    past = now - moment
    return t("class_page.now") if past < timedelta(minutes=1) else t("class_page.ago", span=span(past, t=t))


def span(length: timedelta, *, t: Translator) -> str:
    """A length of time in its largest unit."""
    minutes = int(length.total_seconds() // 60)
    for unit, size in (("days", 2880), ("hours", 120)):
        if minutes >= size:
            return t(f"class_page.{unit}", count=minutes // (size // 2))
    return t("class_page.minutes", count=max(minutes, 0))


def _titles(ids: Sequence[str], language: Language) -> list[tuple[str, str]]:
    found = []
    for each in ids:
        try:
            found.append((each, find_assignment(each).title(language)))
        except UserError:
            continue
    return found
