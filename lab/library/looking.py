"""Looking at what was made: what is done and missing, verifying, comparing, asking, a class's grades."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from exercises.i18n import labelled
from exercises.i18n import points as as_points
from exercises.kinds.parts import Task
from exercises.loader import find_assignment
from grading.gradebook.scores import Score, read_scores
from grading.reports.student import SYMBOLS, mark
from grading.results import CheckResult, Regeneration, earned_points, open_points
from lab.jobs.analyse import AnswerSaved, ModelSelection, Question, QuestionJob
from lab.library.opened import LibraryError, OpenedLab, current
from lab.library.shown import Picture, Text
from lab.records.compare import PixelDifference, pixel_difference
from lab.records.verify import adapters_of
from lab.records.verify import verify as verify_record
from lab.session.doctor import Case, Finding, State, examine
from manifests.adapters import read
from manifests.analysis import Analysis

SIGNS = {State.OK: "✓", State.WARNING: "!", State.PROBLEM: "✗"}


@dataclass(frozen=True)
class Checklist:
    """What is done and what is missing: the checks that grade. `missing` are those with something to do."""

    checks: tuple[CheckResult, ...]
    lab: OpenedLab

    @property
    def missing(self) -> tuple[CheckResult, ...]:
        return tuple(check for check in self.checks if check.is_missing)

    @property
    def points(self) -> float:
        return earned_points(self.checks)

    @property
    def open(self) -> float:
        """The points that a person has still to give or refuse."""
        return open_points(self.checks)

    def of(self, exercise: str) -> "Checklist":
        """The checks of one exercise. Raises LibraryError where there is none of that name."""
        chosen = self.lab.session.assignment
        known = [each.id for each in chosen.exercises]
        if exercise not in known:
            raise LibraryError(
                "run.no_exercise", exercise=exercise, assignment=chosen.id, known=", ".join(known)
            )
        return Checklist(tuple(c for c in self.checks if c.id.startswith(f"{exercise}/")), self.lab)

    def __repr__(self) -> str:
        lines = [f"{SYMBOLS[mark(check)]} {check.title}{_cause(check)}" for check in self.checks]
        total = self.lab.t(
            "library.points",
            points=as_points(self.points, self.lab.language),
            open=as_points(self.open, self.lab.language),
        )
        return "\n".join([*lines, total])


def exercises() -> Text:
    """What the assignment asks for: its exercises with their points, and the runs that `run` can make."""
    lab = current()
    lines = []
    for exercise in lab.session.assignment.exercises:
        worth = as_points(exercise.points, lab.language)
        lines.append(
            lab.t("library.exercise", id=exercise.id, title=exercise.title(lab.language), points=worth)
        )
        lines += [f"    {exercise.id}/{each.id}" for each in getattr(exercise, "runs", ())]
    return Text("\n".join(lines))


def check() -> Checklist:
    """What is done and what is missing on the assignment, in the words of the grade."""
    lab = current()
    return Checklist(tuple(lab.session.checks(lab.language)), lab)


def verify(picture: Picture) -> Regeneration:
    """Make a picture again from its manifest and compare.

    `verdict` is identical, compatible, different or not checkable; `causes` say why.
    """
    lab, manifest = current(), _a_picture(picture).manifest
    store = lab.session.store()
    request, image = manifest.request, picture.path.read_bytes()
    source, mask = (
        store.source_path(kept).read_bytes() if kept else None for kept in (request.source, request.mask)
    )
    adapters = [read(store.folder, each.file, each.sha256) for each in adapters_of(manifest)]
    engine, language = lab.session.engine, lab.language
    return verify_record(manifest, image, source, engine, mask=mask, adapters=adapters, language=language)


def compare(one: Picture, other: Picture) -> PixelDifference:
    """How far two pictures of one size lie apart: `mean_absolute` in levels, `psnr` in dB, the difference as
    `picture`. Raises LibraryError for two sizes."""
    found = pixel_difference(_a_picture(one).image, _a_picture(other).image, amplify=4)
    if found is None:
        raise LibraryError("library.sizes", one=one.record.stem, other=other.record.stem)
    return found


def ask(
    picture: Picture,
    task: Task = "describe",
    question: str = "",
    *,
    provider: str | None = None,
    model: str | None = None,
) -> Analysis:
    """Let a model look at a picture; the answer stands in the notebook of the assignment.

    `task`: `describe`, `quality`, `missing`, `text`, or `question` with your own words as `question`. Without
    `provider` and `model` the first configured that answers is asked; offline that is the bundled one.
    Raises UserError where there is no answer.
    """
    lab = current()
    exercise = next((e for e in lab.session.assignment.exercises if e.kind == "analyse"), None)
    if exercise is None:
        raise LibraryError("library.no_analysis", assignment=lab.session.assignment.id)
    asked = Question("question" if question else task, lab.language, _a_picture(picture).record, question)
    selection = ModelSelection(provider, model)
    job = QuestionJob(lab.session.notebook(), lab.session.router, exercise.id, asked, selection)
    for event in job.events():
        if isinstance(event, AnswerSaved):
            return event.analysis
    raise LibraryError("library.no_answer")


def environment() -> list[Finding]:
    """Print and give all that can be wrong with this machine and work folder, each with its fix."""
    lab = current()
    findings = examine(Case(lab.language, lab.session.work, lab.session.student))
    for each in findings:
        said = f"{SIGNS[each.state]} {labelled(each.title, each.finding, lab.language)}"
        print(said + (f"\n    → {each.fix}" if each.fix else ""))
    return findings


@dataclass(frozen=True)
class ClassMetrics:
    """A class's grades in figures. `passed` is by exercise the share of its checks that passed, `causes` what
    failed most often."""

    students: int
    graded: int
    maximum: float
    mean: float | None
    median: float | None
    states: dict[str, int]
    passed: dict[str, float]
    causes: dict[str, int]
    lab: OpenedLab

    def __repr__(self) -> str:
        t, language = self.lab.t, self.lab.language
        none = "–"
        lines = [
            t("library.metrics", students=self.students, graded=self.graded),
            t(
                "library.metrics_points",
                mean=none if self.mean is None else as_points(self.mean, language),
                median=none if self.median is None else as_points(self.median, language),
                maximum=as_points(self.maximum, language),
            ),
        ]
        lines += [
            f"  {name:<14} {'█' * round(share * 20):<20} {share:4.0%}" for name, share in self.passed.items()
        ]
        if self.causes:
            lines.append(t("library.metrics_causes"))
            lines += [f"  {count} × {title}" for title, count in self.causes.items()]
        return "\n".join(lines)


def class_metrics(grades: str | Path) -> ClassMetrics:
    """A class in figures, from the folder that `genai-lab grade` wrote. Raises UserError for no such."""
    scores = read_scores(Path(grades))
    readable = [score for score in scores if score.grade.gradable]
    totals = [score.grade.total for score in readable]
    order = [exercise.id for exercise in find_assignment(scores[0].grade.assignment).exercises]
    by_exercise = {name: _passed(readable, name) for name in order}
    failed = [c.title for score in readable for c in score.grade.checks if c.status == "failed"]
    return ClassMetrics(
        students=len(scores),
        graded=sum(score.state == "graded" for score in scores),
        maximum=scores[0].maximum,
        mean=mean(totals) if totals else None,
        median=median(totals) if totals else None,
        states=_counted(score.state for score in scores),
        passed={name: share for name, share in by_exercise.items() if share is not None},
        causes=dict(list(_counted(failed).items())[:5]),
        lab=current(),
    )


def _a_picture(given: Picture) -> Picture:
    """What was given, which in a notebook may be anything, as a file's name. Raises LibraryError."""
    if not isinstance(given, Picture):
        raise LibraryError("library.no_picture", given=repr(given)[:80])
    return given


def _passed(scores: Iterable[Score], exercise: str) -> float | None:
    checks = [c for score in scores for c in score.grade.checks if c.id.startswith(f"{exercise}/")]
    return mean(c.passed is True for c in checks) if checks else None


def _counted(names: Iterable[str]) -> dict[str, int]:
    """How often each is there, the most frequent first."""
    count: dict[str, int] = {}
    for name in names:
        count[name] = count.get(name, 0) + 1
    return dict(sorted(count.items(), key=lambda item: (-item[1], item[0])))


def _cause(check: CheckResult) -> str:
    return f": {check.cause.message}" if check.cause is not None and check.passed is not True else ""
