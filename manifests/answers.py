"""What the student wrote: scores, reasons and the reflection, in `<work>/<assignment>/answers.json`.

Reading is lenient in values: a score of 3 is a failed check, not an unreadable file. It is
strict in form and size, for the file comes from outside.
"""

import os
from itertools import count
from pathlib import Path
from typing import Annotated

from filelock import FileLock
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    field_validator,
)

from exercises.errors import SystemReason
from exercises.faults import faults
from exercises.i18n import LANGUAGES, Language
from exercises.kinds.code import CodeText
from manifests.atomic import write_atomic
from manifests.errors import AnswersError, JsonError
from manifests.reader import read_regular_file
from manifests.strict_json import parse

FILE = "answers.json"
MAX_BYTES = 256 * 1024
LOCK, LOCK_SECONDS = ".answers.lock", 10.0

_Text = Annotated[str, StringConstraints(max_length=20_000)]
_Key = Annotated[str, StringConstraints(max_length=64)]
_Stem = Annotated[str, StringConstraints(max_length=128)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class SubjectAnswer(_Part):
    """One evaluated picture. `total` is None where nobody wrote one: the lab computes it from the scores."""

    image: _Stem | None = Field(default=None, description="the picture's stem, as in outputs/")
    scores: dict[_Key, JsonValue] = Field(default_factory=dict, max_length=100)
    total: JsonValue = None
    reasons: list[_Text] = Field(default_factory=list, max_length=100)


class StepAnswer(_Part):
    """One picture of a prompt that is improved step by step: what was changed and why, and its scores."""

    why: _Text = ""
    scores: dict[_Key, JsonValue] = Field(default_factory=dict, max_length=100)


class QuestionAnswer(_Part):
    """What was chosen, try by try, and about what it was asked: not whether it is right.

    `about`: the place or the value of a workflow's graph, where it was no question about `pictures`.
    """

    pictures: list[_Stem] = Field(default_factory=list, max_length=10)
    about: _Stem = ""
    chosen: list[_Key] = Field(default_factory=list, max_length=20)


class ExerciseAnswer(_Part):
    """What is written in one exercise's own tab; each kind uses what it needs of it.

    `chosen` is a run; `steps` are by the picture's stem, `questions` by the question's id.
    """

    prompt: _Text = ""
    negative_prompt: _Text = ""
    chosen: _Stem | None = None
    text: _Text = ""
    steps: dict[_Stem, StepAnswer] = Field(default_factory=dict, max_length=1000)
    questions: dict[_Key, QuestionAnswer] = Field(default_factory=dict, max_length=100)


_Texts = Annotated[dict[_Key, _Text], Field(max_length=100)]


class ObservationAnswers(_Part):
    """What is seen: by run, then by question; and the conclusions, by id."""

    pictures: dict[_Key, _Texts] = Field(default_factory=dict, max_length=100)
    conclusions: _Texts = Field(default_factory=dict)


class Answers(_Part):
    """`evaluations` by the subject's id; `observations`, `code` and `exercises` by the exercise's.

    `language` is the one the student worked in.

    `also_me`: other names under which the student made pictures, on another machine.
    """

    language: Language | None = None
    evaluations: dict[_Key, SubjectAnswer] = Field(default_factory=dict, max_length=100)
    observations: dict[_Key, ObservationAnswers] = Field(default_factory=dict, max_length=100)
    code: dict[_Key, CodeText] = Field(default_factory=dict, max_length=100)
    reflection: _Text = ""
    exercises: dict[_Key, ExerciseAnswer] = Field(default_factory=dict, max_length=100)
    also_me: list[Annotated[str, StringConstraints(max_length=200)]] = Field(
        default_factory=list, max_length=10
    )

    @field_validator("language", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        return value if value in LANGUAGES else None


def lock_of(folder: Path) -> FileLock:
    """What whoever changes the answers in a folder holds meanwhile, in any process. Raises Timeout."""
    return FileLock(folder / LOCK, timeout=LOCK_SECONDS)


def read_answers(data: bytes) -> Answers:
    """Raises AnswersError: what is wrong with the JSON, or which field is not as expected."""
    try:
        document = parse(data, max_bytes=MAX_BYTES)
    except JsonError as error:
        raise AnswersError(error.key, **error.values) from error
    try:
        return Answers.model_validate(document)
    except ValidationError as error:
        raise AnswersError("answers.field", fault=faults(error, document)[0]) from error


def load_answers(folder: Path) -> Answers:
    """The answers in an assignment's folder; empty ones where there is no file. Raises AnswersError."""
    try:
        data = read_regular_file(folder / FILE, MAX_BYTES)
    except FileNotFoundError:
        return Answers()
    except OSError as error:
        raise AnswersError("answers.file", reason=SystemReason(error)) from error
    return read_answers(data)


def save_answers(folder: Path, answers: Answers) -> None:
    """Write the answers, whole or not at all. Raises AnswersError: too long, or the system will not write."""
    data = answers.model_dump_json(indent=2).encode()
    if len(data) > MAX_BYTES:
        raise AnswersError("json.too_large", kib=MAX_BYTES // 1024)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _keep_unreadable(folder / FILE)
        write_atomic(folder / FILE, data)
    except OSError as error:
        raise AnswersError("answers.system", reason=SystemReason(error)) from error


def _keep_unreadable(path: Path) -> None:
    """A file that cannot be read (edited by hand, perhaps) is put aside rather than written over."""
    try:
        load_answers(path.parent)
    except AnswersError:
        names = (path.with_name(f"answers.unreadable-{number}.json") for number in count(1))
        path.rename(next(name for name in names if not os.path.lexists(name)))
