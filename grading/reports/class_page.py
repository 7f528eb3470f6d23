"""The class's page: who earned what, how the points are spread, and which checks fail most."""

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

from exercises.assignment import Assignment
from exercises.i18n import Language, Translator, translator
from exercises.i18n import points as as_points
from grading.checks import check_submission
from grading.reports.lateness import lateness_words
from grading.reports.strip import MAX_BYTES, STRIP, planned_runs
from grading.reports.student import render
from grading.reports.table import exercise_points
from grading.results import Grade, Status
from grading.submission.reading import Submission

BINS = 10
MOST_FAILED = 10
_MARKS: dict[Status, str] = {"graded": "yes", "to_read": "read", "missing": "unknown", "not_gradable": "no"}


@dataclass(frozen=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True)
class Bar:
    """`percent` of the longest bar (distribution) or of the students graded (failed checks)."""

    label: str
    count: int
    percent: float


@dataclass(frozen=True)
class Row:
    grade: Grade
    link: str
    mark: str
    points: tuple[float, ...]
    late: str  # whether it came in time, in words
    strip: str | None  # the planned pictures, as a data URL


def class_report(
    assignment: Assignment,
    grades: Sequence[tuple[str, Grade]],
    language: Language,
    out: Path,
    *,
    made_again: bool = False,
    copies: int = 0,
) -> str:
    """The page, in the grader's language. `grades`: each with the folder below `out` its report is in.

    `made_again`: whether some pictures were made again; where none was, the page says what it cannot know.
    `copies`: how many pairs stand on the page beside it.
    """
    t = translator("grading", language)
    graded = [grade for _, grade in grades if grade.gradable]
    rows = [
        Row(
            grade,
            f"{quote(folder)}/report.html",
            _MARKS[grade.status],
            tuple(exercise_points(grade, e.id) for e in assignment.exercises),
            lateness_words(grade.lateness, t),
            _strip(out / folder / STRIP),
        )
        for folder, grade in grades
    ]
    return render(
        "class.html.j2",
        language,
        assignment=assignment.title(language),
        facts=_facts([grade for _, grade in grades], t, language),
        bins=_distribution(graded, assignment.points, language) if graded else [],
        failed=_most_failed(graded, assignment, language),
        to_look_at=[row for row in rows if row.grade.for_grader],
        exercises=[e.title(language) for e in assignment.exercises],
        runs=", ".join(run for _, run in planned_runs(assignment)),
        rows=rows,
        with_times=any(row.late for row in rows),
        made_again=made_again,
        copies=copies,
    )


def _strip(file: Path) -> str | None:
    """The file as a data URL, so that the page needs nothing else."""
    if not file.is_file() or file.stat().st_size > MAX_BYTES:
        return None
    return "data:image/jpeg;base64," + base64.b64encode(file.read_bytes()).decode("ascii")


def _facts(grades: Sequence[Grade], t: Translator, language: Language) -> list[Fact]:
    number = partial(as_points, language=language)
    status = Counter(grade.status for grade in grades)
    facts = [Fact(t("class.submissions"), str(len(grades)))]
    facts += [Fact(t(f"class.count_{name}"), str(status[name])) for name in _MARKS if status[name]]
    points = [grade.total for grade in grades if grade.gradable]
    if points:
        facts += [
            Fact(t("class.mean"), number(mean(points))),
            Fact(t("class.median"), number(median(points))),
        ]
    return facts


def _distribution(graded: Sequence[Grade], maximum: float, language: Language) -> list[Bar]:
    """How many earned how much, in ranges of equal width; full marks belong to the last."""
    number = partial(as_points, language=language)
    width = maximum / BINS if maximum else 1.0
    counts = Counter(min(BINS - 1, int(grade.total / width + 1e-9)) for grade in graded)
    most = max(counts.values())
    return [
        Bar(f"{number(i * width)} – {number((i + 1) * width)}", counts[i], round(100 * counts[i] / most, 1))
        for i in reversed(range(BINS))
    ]


def _most_failed(graded: Sequence[Grade], assignment: Assignment, language: Language) -> list[Bar]:
    titles = {c.id: c.title for c in check_submission(assignment, Submission("", assignment.id), language)}
    counts = Counter(c.id for grade in graded for c in grade.checks if c.passed is False)
    worst = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_FAILED]
    return [Bar(titles.get(name, name), count, round(100 * count / len(graded), 1)) for name, count in worst]
