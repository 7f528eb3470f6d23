"""A student's report: one HTML page that needs nothing else, runs nothing, and shows what was checked.

Everything a student wrote is escaped (jinja's autoescape), pictures are small copies made here,
and a content security policy forbids scripts and all requests.
"""

import base64
import io
from dataclasses import dataclass
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined

from exercises.assignment import (
    STUDIO_RUN,
    AltTexts,
    Assignment,
    Compare,
    Evaluation,
    Exercise,
    ImageToImage,
    Reflection,
    Studio,
)
from exercises.i18n import Language, Translator, points, translator
from grading.reports import notebook as report_notebook
from grading.reports.table import exercise_points
from grading.results import CheckResult, Grade
from grading.submission.pictures import PictureFacts, Undecodable
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, shown

MAX_STUDIO_PICTURES = 12
MAX_TEXT = 20_000
SYMBOLS = {"yes": "✓", "no": "✗", "read": "☞", "unknown": "?"}


@dataclass(frozen=True)
class Picture:
    """One of the contact sheet; without `uri` it is a gap that `alt` explains."""

    caption: str
    alt: str
    uri: str | None = None


@dataclass(frozen=True)
class Text:
    """What the student wrote, as it was written."""

    title: str
    body: str


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
    """One check said in full; `blocked` are the rules that could not be checked because of it."""

    check: CheckResult
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One exercise of the report."""

    title: str
    points: float
    maximum: float
    rules: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    entries: tuple[Entry, ...] = ()
    pictures: tuple[Picture, ...] = ()
    texts: tuple[Text, ...] = ()


def student_report(
    assignment: Assignment, grade: Grade, language: Language, submission: Submission | None = None
) -> str:
    """The page. Without a submission (it could not be read) there are only the reasons."""
    exercises = assignment.exercises if submission is not None else ()
    sections = [_section(exercise, grade, submission, language) for exercise in exercises]
    return render(
        "student.html.j2",
        language,
        grade=grade,
        assignment=assignment.title(language),
        exercises=sections,
        mark=mark,
        symbols=SYMBOLS,
    )


def render(template: str, language: Language, **values: object) -> str:
    """A page from a template, with `t`, `number` and `language` at hand."""
    page = _environment().get_template(template)
    t = translator("grading", language)
    return page.render(language=language, t=t, number=partial(points, language=language), **values)


def mark(check: CheckResult) -> str:
    """`yes`, `no`, `read` (a person must) or `unknown`."""
    if check.needs_person:
        return "read"
    return "unknown" if check.passed is None else "yes" if check.passed else "no"


def _section(exercise: Exercise, grade: Grade, submission: Submission | None, language: Language) -> Section:
    """Planned runs as a table, and below it in full what did not pass; other checks all in full."""
    t = translator("grading", language)
    checks = [c for c in grade.checks if c.id.startswith(f"{exercise.id}/")]
    by_run = {run.id: [c for c in checks if _part(c) == run.id] for run in getattr(exercise, "runs", ())}
    in_table = [c for own in by_run.values() for c in own]
    return Section(
        title=exercise.title(language),
        points=exercise_points(grade, exercise.id),
        maximum=exercise.points,
        rules=tuple(dict.fromkeys(_rule(c) for c in in_table)),
        rows=tuple(Row(name, tuple(own)) for name, own in by_run.items()),
        entries=tuple(_entries([c for c in checks if c not in in_table or c.cause is not None], t)),
        pictures=tuple(_pictures(exercise, submission, t)) if submission else (),
        texts=tuple(_texts(exercise, submission, language, t)) if submission else (),
    )


def _entries(checks: list[CheckResult], t: Translator) -> list[Entry]:
    """Each check; those that one before it blocks are named with that one."""
    entries: list[Entry] = []
    for check in checks:
        last = entries[-1] if entries else None
        if last and mark(check) == "unknown" and not last.check.passed and _part(last.check) == _part(check):
            entries[-1] = Entry(last.check, (*last.blocked, t(f"rule.{_rule(check)}")))
        else:
            entries.append(Entry(check))
    return entries


def _part(check: CheckResult) -> str:
    return check.id.split("/")[1]


def _rule(check: CheckResult) -> str:
    return check.id.split("/")[2]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("grading.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _pictures(exercise: Exercise, submission: Submission, t: Translator) -> list[Picture]:
    pictures = []
    runs = getattr(exercise, "runs", ())
    newest = [(run.id, next(reversed(submission.attempts(exercise.id, run.id)), None)) for run in runs]
    if isinstance(exercise, ImageToImage):
        pictures += _source(submission, [recorded for _, recorded in newest if recorded], t)
    if isinstance(exercise, Studio):
        own = submission.attempts(exercise.id, STUDIO_RUN)
        newest = [(recorded.stem, recorded) for recorded in own[-MAX_STUDIO_PICTURES:]]
    if isinstance(exercise, AltTexts):
        return [
            _picture(t(f"purpose.{text.purpose}"), text.alt, submission.look_at_image(recorded), t)
            for text, recorded in report_notebook.described(exercise, submission)
        ]
    if isinstance(exercise, Compare):
        made = report_notebook.compared(exercise, submission)
        newest = [(report_notebook.maker(recorded), recorded) for recorded in made[-MAX_STUDIO_PICTURES:]]
    for name, recorded in newest:
        if recorded is None:
            pictures.append(Picture(name, t("report.no_picture")))
            continue
        request = recorded.manifest.request
        alt = t("report.alt", run=name, prompt=shown(request.prompt, 300))
        pictures.append(_picture(name, alt, submission.look_at_image(recorded), t))
    return pictures


def _source(submission: Submission, made: list[Recorded], t: Translator) -> list[Picture]:
    sources = {
        r.manifest.request.source.sha256: r.manifest.request.source for r in made if r.manifest.request.source
    }
    title = t("report.source")
    return [
        _picture(title, t("report.source_alt"), submission.look_at_source(source), t)
        for source in sources.values()
    ]


def _picture(caption: str, alt: str, facts: PictureFacts | Undecodable | Message, t: Translator) -> Picture:
    if not isinstance(facts, PictureFacts):
        return Picture(caption, t("report.broken_picture"))
    data = io.BytesIO()
    facts.small.save(data, "JPEG", quality=82)
    return Picture(caption, alt, "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode())


def _texts(exercise: Exercise, submission: Submission, language: Language, t: Translator) -> list[Text]:
    kept = report_notebook.said(exercise, submission, t)
    if kept:
        return [Text(each.title, each.body[:MAX_TEXT]) for each in kept]
    answers = submission.answers
    if answers is None:
        return []
    if isinstance(exercise, Reflection):
        return [Text(t("report.reflection"), answers.reflection[:MAX_TEXT])]
    if not isinstance(exercise, Evaluation):
        return []
    texts = []
    for subject in exercise.subjects:
        answer = answers.evaluations.get(subject.id)
        if answer is None:
            texts.append(Text(subject.title(language), ""))
            continue
        scores = [
            t("report.score", criterion=c.title(language), score=shown(answer.scores.get(c.id, "–")))
            for c in exercise.criteria
        ]
        reasons = [f"– {reason.strip()}" for reason in answer.reasons if reason.strip()]
        lines = [shown(answer.image or "–"), " · ".join(scores), *reasons]
        texts.append(Text(subject.title(language), "\n".join(lines)[:MAX_TEXT]))
    return texts
