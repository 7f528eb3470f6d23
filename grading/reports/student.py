"""A student's report: one HTML page that needs nothing else, runs nothing, and shows what was checked.

Everything a student wrote is escaped (jinja's autoescape), pictures are small copies made here,
and a content security policy forbids scripts and all requests.
"""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from exercises.assignment import Assignment
from exercises.i18n import Language, Translator, points, translator
from exercises.kinds import Exercise
from exercises.templates import templates
from grading.checks import KINDS
from grading.checks.kind import ReportPicture, ReportText
from grading.feedback.document import Remark, as_told, reasons_of, remarks_of
from grading.marks.mark import Mark
from grading.reports.lateness import lateness_words, times_words
from grading.reports.table import exercise_points
from grading.results import CheckResult, CheckStatus, Grade, open_points
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Submission

MAX_TEXT = 20_000
_MARKS: dict[CheckStatus, str] = {
    "passed": "yes",
    "failed": "no",
    "to_do": "missing",
    "open": "read",
    "unchecked": "unknown",
}
SYMBOLS = {"yes": "✓", "no": "✗", "missing": "–", "read": "☞", "unknown": "?"}


@dataclass(frozen=True)
class Picture:
    """One of the contact sheet; without `uri` it is a gap that `alt` explains."""

    caption: str
    alt: str
    uri: str | None = None


@dataclass(frozen=True)
class Row:
    """One planned run in the table of an exercise: its checks by rule."""

    name: str
    checks: tuple[CheckResult, ...]

    @property
    def points(self) -> float:
        return sum(c.points for c in self.checks)

    @property
    def maximum(self) -> float:
        return sum(c.maximum for c in self.checks)


@dataclass(frozen=True)
class Entry:
    """One check said in full; `blocked` are the rules that could not be checked because of it, `reason` is
    why a person gave its points."""

    check: CheckResult
    blocked: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Section:
    """One exercise of the report."""

    title: str
    points: float
    maximum: float
    open: float = 0.0
    rules: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    entries: tuple[Entry, ...] = ()
    pictures: tuple[Picture, ...] = ()
    texts: tuple[ReportText, ...] = ()
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Report:
    """All that a report says, whatever it is written as."""

    grade: Grade
    assignment: str
    language: Language
    sections: tuple[Section, ...]
    late: str
    times: str


def report_of(
    assignment: Assignment,
    grade: Grade,
    language: Language,
    submission: Submission | None = None,
    marks: Mapping[str, Mark] | None = None,
) -> Report:
    """The report, with what people said in their marks. Without a submission (it could not be read) there are
    only the reasons."""
    exercises = assignment.exercises if submission is not None else ()
    t = translator("grading", language)
    return Report(
        grade,
        assignment.title(language),
        language,
        tuple(_section(exercise, grade, submission, language, marks or {}) for exercise in exercises),
        lateness_words(grade.lateness, t),
        times_words(grade.lateness, t),
    )


def student_report(report: Report) -> str:
    """The page."""
    return render(
        "student.html.j2",
        report.language,
        grade=report.grade,
        assignment=report.assignment,
        exercises=report.sections,
        late=report.late,
        times=report.times,
        mark=mark,
        symbols=SYMBOLS,
    )


def render(template: str, language: Language, **values: object) -> str:
    """A page from a template, with `t`, `number` and `language` at hand."""
    page = templates("grading.reports").get_template(template)
    t = translator("grading", language)
    return page.render(language=language, t=t, number=partial(points, language=language), **values)


def mark(check: CheckResult) -> str:
    """`yes`, `no`, `missing`, `read` (it is open until a person judges) or `unknown`."""
    return _MARKS[check.status]


def _section(
    exercise: Exercise,
    grade: Grade,
    submission: Submission | None,
    language: Language,
    marks: Mapping[str, Mark],
) -> Section:
    """Planned runs as a table, and below it in full what did not pass or a person judged; other checks all in
    full. What a person judged stands as that person judged it."""
    t, kind = translator("grading", language), KINDS[exercise.kind]
    checks = [as_told(c) for c in grade.checks if c.id.startswith(f"{exercise.id}/")]
    full = [c for c in checks if c.cause is not None or c.by_person]
    by_run = {run.id: [c for c in checks if _part(c) == run.id] for run in getattr(exercise, "runs", ())}
    in_table = [c for own in by_run.values() for c in own]
    return Section(
        title=exercise.title(language),
        points=exercise_points(grade, exercise.id),
        maximum=exercise.points,
        open=open_points(checks),
        rules=tuple(dict.fromkeys(_rule(c) for c in in_table)),
        rows=tuple(Row(name, tuple(own)) for name, own in by_run.items()),
        entries=tuple(
            _entries([c for c in checks if c not in in_table or c in full], t, reasons_of(checks, marks))
        ),
        pictures=tuple(_picture(each, t) for each in kind.pictures(exercise, submission, t))
        if submission
        else (),
        texts=tuple(_shortened(each) for each in kind.texts(exercise, submission, t)) if submission else (),
        remarks=remarks_of(marks.get(exercise.id)),
    )


def _entries(checks: list[CheckResult], t: Translator, reasons: Mapping[str, str]) -> list[Entry]:
    """Each check; those that one before it blocks are named with that one."""
    entries: list[Entry] = []
    for check in checks:
        last = entries[-1] if entries else None
        if last and mark(check) == "unknown" and not last.check.passed and _part(last.check) == _part(check):
            entries[-1] = replace(last, blocked=(*last.blocked, t(f"rule.{_rule(check)}")))
        else:
            entries.append(Entry(check, reason=reasons.get(check.id, "")))
    return entries


def _part(check: CheckResult) -> str:
    return check.id.split("/")[1]


def _rule(check: CheckResult) -> str:
    return check.id.split("/")[2]


def _picture(shown: ReportPicture, t: Translator) -> Picture:
    if shown.facts is None:
        return Picture(shown.caption, shown.alt)
    if not isinstance(shown.facts, PictureFacts):
        return Picture(shown.caption, t("report.broken_picture"))
    data = io.BytesIO()
    shown.facts.small.save(data, "JPEG", quality=82)
    uri = "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
    return Picture(shown.caption, shown.alt, uri)


def _shortened(text: ReportText) -> ReportText:
    return ReportText(text.title, text.body[:MAX_TEXT])
