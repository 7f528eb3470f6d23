"""What a lab tells an instructor of its student's work: numbers by exercise, the checklist, small pictures.

Everything follows from the files on disk and the checks the student sees. It is bounded: a list ends at
its limit, the newest pictures come first.
"""

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from PIL import Image
from pydantic import BaseModel

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.results import CheckResult, CheckStatus, asked_points, earned_points, open_points
from lab.session.lab import Lab
from manifests.pictures import open_picture
from manifests.store import Record

MOST_FAILING = 100
MOST_CHECKS = 300
MOST_PICTURES = 60
MOST_NEWEST = 6
MOST_WORDS = 500  # characters of a text that is told
LONGEST_STEP = 600.0  # seconds; who made nothing for longer did something else meanwhile
SIDE = 320  # pixels of a small picture, at most


class ExerciseTold(BaseModel):
    """How far one exercise is. `open`: points that a person has still to judge.

    `pictures` counts every attempt, binned ones too; `seconds` is how long the student worked on it.
    """

    id: str
    points: float
    maximum: float
    open: float
    passed: int
    checks: int
    pictures: int
    seconds: float


class FailingTold(BaseModel):
    """A check that is wrong now, and how many pictures were made for it; none where it is not about a run."""

    check: str
    attempts: int


class NewTold(BaseModel):
    """One of the newest pictures, for a sheet of the whole class."""

    stem: str
    time: datetime


class Progress(BaseModel):
    """`GET <prefix>/class/progress`."""

    assignment: str
    points: float
    maximum: float
    pictures: int  # recorded ones, those in the bin left out
    running: int  # generations under way now
    changed: datetime | None  # when the work was last changed, by the lab's clock
    exercises: list[ExerciseTold]
    failing: list[FailingTold]
    newest: list[NewTold]


class CheckTold(BaseModel):
    """A line of the student's checklist."""

    id: str
    title: str
    status: CheckStatus
    points: float
    maximum: float
    cause: str


class PictureTold(BaseModel):
    """A picture, which `GET <prefix>/class/picture` gives small by its `stem`."""

    stem: str
    exercise: str
    run: str
    attempt: int
    time: datetime
    prompt: str


class Checklist(BaseModel):
    """`GET <prefix>/class/checklist`: the checks in their order, the pictures newest first."""

    assignment: str
    checks: list[CheckTold]
    pictures: list[PictureTold]


def progress_of(lab: Lab, assignment: Assignment) -> Progress:
    """Points by the same checks as the student's own list and the grade."""
    own = lab.on(assignment)
    checks, kept, binned = own.checks("en"), own.store().records(), own.store().binned()
    made = [*kept, *binned]
    return Progress(
        assignment=assignment.id,
        points=earned_points(checks),
        maximum=assignment.points,
        pictures=len(kept),
        running=lab.runs.under_way(),
        changed=_changed(own.folder, made),
        exercises=_by_exercise(assignment, checks, made),
        failing=_failing(checks, made),
        newest=[
            NewTold(stem=record.stem, time=record.manifest.time)
            for record in sorted(kept, key=lambda record: -record.manifest.sequence)[:MOST_NEWEST]
        ],
    )


def checklist_of(lab: Lab, assignment: Assignment, language: Language) -> Checklist:
    own = lab.on(assignment)
    newest = sorted(own.store().records(), key=lambda record: -record.manifest.sequence)
    return Checklist(
        assignment=assignment.id,
        checks=[_told(check) for check in own.checks(language)[:MOST_CHECKS]],
        pictures=[
            PictureTold(
                stem=record.stem,
                exercise=record.manifest.exercise,
                run=record.manifest.run,
                attempt=record.manifest.attempt,
                time=record.manifest.time,
                prompt=record.manifest.request.prompt[:MOST_WORDS],
            )
            for record in newest[:MOST_PICTURES]
        ],
    )


def small_picture(record: Record) -> bytes:
    """The record's picture as a small JPEG. Raises OSError and PictureError."""
    picture = open_picture(record.image_path.read_bytes())
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()


def _by_exercise(
    assignment: Assignment, checks: Sequence[CheckResult], made: Sequence[Record]
) -> list[ExerciseTold]:
    pictures = Counter(record.manifest.exercise for record in made)
    seconds = _worked(made)
    told = []
    for exercise in assignment.exercises:
        of_it = [check for check in checks if check.id.startswith(f"{exercise.id}/")]
        told.append(
            ExerciseTold(
                id=exercise.id,
                points=earned_points(of_it),
                maximum=asked_points(of_it),
                open=open_points(of_it),
                passed=sum(check.passed is True for check in of_it),
                checks=len(of_it),
                pictures=pictures[exercise.id],
                seconds=round(seconds[exercise.id], 1),
            )
        )
    return told


def _worked(made: Iterable[Record]) -> dict[str, float]:
    """Seconds from each picture to the next, for the exercise of the next; long pauses are not work."""
    ordered = sorted((record.manifest for record in made), key=lambda manifest: manifest.time)
    seconds: dict[str, float] = defaultdict(float)
    for manifest in ordered[:1]:
        seconds[manifest.exercise] += manifest.seconds
    for before, after in pairwise(ordered):
        pause = (after.time - before.time).total_seconds()
        seconds[after.exercise] += min(pause, LONGEST_STEP)
    return seconds


def _failing(checks: Iterable[CheckResult], made: Iterable[Record]) -> list[FailingTold]:
    attempts = Counter((record.manifest.exercise, record.manifest.run) for record in made)
    wrong = [check.id for check in checks if check.status == "failed"]
    told = []
    for check in wrong[:MOST_FAILING]:
        exercise, run, *_ = [*check.split("/"), ""]
        told.append(FailingTold(check=check, attempts=attempts[exercise, run]))
    return told


def _told(check: CheckResult) -> CheckTold:
    return CheckTold(
        id=check.id,
        title=check.title[:MOST_WORDS],
        status=check.status,
        points=check.points,
        maximum=check.maximum,
        cause=check.cause.message[:MOST_WORDS] if check.cause and check.passed is not True else "",
    )


def _changed(folder: Path, made: Iterable[Record]) -> datetime | None:
    """When the newest picture was made or the newest text saved."""
    times = [record.manifest.time for record in made]
    for file in (folder / "answers.json", folder / "analyses"):
        with suppress(OSError):
            times.append(datetime.fromtimestamp(file.lstat().st_mtime, UTC))
    return max(times, default=None)
