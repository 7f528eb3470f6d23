"""A student's feedback on one assignment, as a document: the lab shows it, and files are made of it.

Rule: it holds what this student may know and nothing else. Findings for graders and whatever names another
student stay out; so do the points of checks that a person has still to judge.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from exercises.assignment import Assignment
from exercises.i18n import LANGUAGES, Language
from exercises.kinds import Exercise
from exercises.loader import MAX_TEXT_BYTES
from grading.marks.mark import Mark, Passage, Spot
from grading.results import CheckResult, Grade, earned_points, open_points
from manifests.reader import read_regular_file

SCHEMA: Literal["genai-lab/feedback/1"] = "genai-lab/feedback/1"
MAX_BYTES = 2 * 2**20  # of one document
ANSWER = "{exercise}.answer.{language}.md"  # beside the exercise's text, where its author allows it

Line = Annotated[str, StringConstraints(max_length=2000)]
Text = Annotated[str, StringConstraints(max_length=20_000)]
Points = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Remark(_Part):
    """A person's words: of a passage that the student wrote, of a place in a picture, or of all of it.

    `picture` is the SHA-256 of the picture's file; `x` and `y` go from the left and the top, from 0 to 1.
    """

    text: Text
    quote: Text | None = None
    picture: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    x: Annotated[float, Field(ge=0, le=1)] = 0.5
    y: Annotated[float, Field(ge=0, le=1)] = 0.5


class ExerciseFeedback(_Part):
    """One exercise. `reasons`: why a person gave the points of a check, by its id. `answer`: what would have
    been right, by language; empty where its author keeps it."""

    id: Line
    title: dict[Language, Line]
    points: Points
    maximum: Points
    open: Points = 0.0
    checks: tuple[CheckResult, ...] = Field(max_length=2000)
    reasons: dict[Line, Text] = {}
    remarks: tuple[Remark, ...] = Field(default=(), max_length=500)
    answer: dict[Language, Text] = {}


class Feedback(_Part):
    """`explained` is the sum in one line; `reasons`: why it could not be graded."""

    schema_: Literal["genai-lab/feedback/1"] = Field(default=SCHEMA, alias="schema")
    student: Line
    assignment: Line
    title: dict[Language, Line]
    time: AwareDatetime
    gradable: bool
    reasons: tuple[Line, ...] = Field(default=(), max_length=50)
    total: Points
    maximum: Points
    explained: Line = ""
    exercises: tuple[ExerciseFeedback, ...] = Field(default=(), max_length=100)


def feedback_of(grade: Grade, marks: Mapping[str, Mark], assignment: Assignment, time: datetime) -> Feedback:
    """The document of a grade. Its words are in the language in which the student was graded."""
    return Feedback(
        student=grade.student,
        assignment=assignment.id,
        title={language: assignment.title(language) for language in LANGUAGES},
        time=time,
        gradable=grade.gradable,
        reasons=tuple(reason[:2000] for reason in grade.reasons[:50]),
        total=grade.total,
        maximum=grade.maximum,
        explained=grade.explained,
        exercises=tuple(_exercise(each, grade, marks, assignment.folder) for each in assignment.exercises)
        if grade.gradable
        else (),
    )


def _exercise(exercise: Exercise, grade: Grade, marks: Mapping[str, Mark], folder: Path) -> ExerciseFeedback:
    checks = [check for check in grade.checks if check.id.startswith(f"{exercise.id}/")]
    return ExerciseFeedback(
        id=exercise.id,
        title={language: exercise.title(language) for language in LANGUAGES},
        points=earned_points(checks),
        maximum=exercise.points,
        open=open_points(checks),
        checks=tuple(as_told(check) for check in checks),
        reasons=reasons_of(checks, marks),
        remarks=remarks_of(marks.get(exercise.id)),
        answer=_answer(folder, exercise.id),
    )


def as_told(check: CheckResult) -> CheckResult:
    """Without what the program thought before a person decided, and its words that one has to."""
    decided = check.computed is not None and check.computed.needs_person
    return check.model_copy(update={"computed": None} | ({"cause": None} if decided else {}))


def reasons_of(checks: Iterable[CheckResult], marks: Mapping[str, Mark]) -> dict[str, str]:
    """Why a person gave the points of a check, by its id."""
    return {
        check.id: marks[check.id].reason
        for check in checks
        if check.by_person and check.id in marks and marks[check.id].reason
    }


def remarks_of(mark: Mark | None) -> tuple[Remark, ...]:
    """A mark's comments as the student reads them."""
    found = []
    for comment in mark.comments if mark else ():
        match comment.place:
            case Spot(picture=picture, x=x, y=y):
                found.append(Remark(text=comment.text, picture=picture, x=x, y=y))
            case Passage(quote=quote):
                found.append(Remark(text=comment.text, quote=quote))
            case None:
                found.append(Remark(text=comment.text))
    return tuple(found)


def _answer(folder: Path, exercise: str) -> dict[Language, str]:
    found: dict[Language, str] = {}
    for language in LANGUAGES:
        file = folder / ANSWER.format(exercise=exercise, language=language)
        if file.is_file():
            found[language] = read_regular_file(file, MAX_TEXT_BYTES).decode("utf-8-sig")[:20_000]
    return found


class LookAgain(_Part):
    """A student's wish that an exercise be looked at again, and the answer once there is one."""

    number: int
    student: Line
    assignment: Line
    exercise: Line
    reason: Text
    time: AwareDatetime
    answer: Text | None = None
    answered: AwareDatetime | None = None
    by: Line | None = None


class OwnFeedback(_Part):
    """What a student gets: the feedback, and what they have asked about it."""

    feedback: Feedback
    requests: tuple[LookAgain, ...] = Field(default=(), max_length=200)
