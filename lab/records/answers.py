"""Writes the student's answers one field at a time, each onto what is on disk at that moment.

So a second browser tab, or an older page, overwrites only the field that was touched in it, and
nothing waits in a page to be lost. The checks that count lines and find topics are grading's own.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from exercises.i18n import Language
from exercises.kinds.code import MAX_CODE
from exercises.kinds.evaluation import Criterion
from exercises.kinds.parts import Subject
from manifests.answers import Answers, ObservationAnswers, SubjectAnswer, load_answers, lock_of, save_answers
from manifests.errors import AnswersError
from manifests.store import Record

SCORES = (0, 1, 2)
REASON_LENGTH, OBSERVATION_LENGTH, REFLECTION_LENGTH = (
    600,
    1200,
    8000,
)  # characters, as the page's boxes take them

Change = Callable[[Answers], None]


def update(folder: Path, language: Language, change: Change) -> Answers:
    """Read the answers, change them, write them back; the result is what is on disk now.

    A file that holds no answers is put aside when the new one is saved. Raises AnswersError where it
    cannot be read at all, or they have grown too long, OSError, filelock.Timeout.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with lock_of(folder):
        try:
            answers = load_answers(folder)
        except AnswersError as error:
            if error.key == "answers.file":  # it may be sound, and be read the next time
                raise
            answers = Answers()
        answers.language = language
        change(answers)
        save_answers(folder, answers)
    return answers


def also_me(names: Sequence[str]) -> Change:
    """The other names in the record that the student says are theirs."""

    def change(answers: Answers) -> None:
        answers.also_me = list(names)

    return change


def image(subject: str, stem: str | None) -> Change:
    """The picture chosen for a subject."""

    def change(answers: Answers) -> None:
        _answer(answers, subject).image = stem

    return change


def score(subject: str, criterion: str, value: int | None) -> Change:
    """One score; None takes it back. A total that somebody wrote holds no longer."""

    def change(answers: Answers) -> None:
        answer = _answer(answers, subject)
        answer.total = None
        if value is None:
            answer.scores.pop(criterion, None)
        else:
            answer.scores[criterion] = value

    return change


def set_reason(subject: str, index: int, text: str) -> Change:
    """One of the reasons, by its place; places left empty at the end are not kept."""

    def change(answers: Answers) -> None:
        if not text and subject not in answers.evaluations:
            return  # a box that was only passed through
        answer = _answer(answers, subject)
        reasons = [*answer.reasons, *[""] * (index + 1 - len(answer.reasons))]
        reasons[index] = text[:REASON_LENGTH]
        while reasons and not reasons[-1].strip():
            reasons.pop()
        answer.reasons = reasons

    return change


def observed(exercise: str, run: str | None, question: str, text: str) -> Change:
    """What is seen in a run's picture; without a run, a conclusion."""
    kept = text[:OBSERVATION_LENGTH]

    def change(answers: Answers) -> None:
        own = answers.observations.get(exercise, ObservationAnswers())
        texts = own.conclusions if run is None else own.pictures.get(run, {})
        if kept == texts.get(question, ""):
            return  # a box that was only passed through
        texts[question] = kept
        if run is not None:
            own.pictures[run] = texts
        answers.observations[exercise] = own

    return change


def code(exercise: str, text: str) -> Change:
    """The code of an exercise, as it stands in the editor."""

    def change(answers: Answers) -> None:
        answers.code[exercise] = text[:MAX_CODE]

    return change


def reflection(text: str) -> Change:
    def change(answers: Answers) -> None:
        answers.reflection = text[:REFLECTION_LENGTH]

    return change


def total(answer: SubjectAnswer | None, criteria: Iterable[Criterion]) -> tuple[int, int]:
    """The sum of the scores given so far, and how many are given; what is no score does not count."""
    scores = answer.scores if answer is not None else {}
    given = [value for c in criteria if (value := valid_score(scores.get(c.id))) is not None]
    return sum(given), len(given)


def valid_score(value: object) -> int | None:
    """A score as the page can show it; None for anything else, which the checks will name."""
    return value if type(value) is int and value in SCORES else None


def candidates(records: Iterable[Record], subject: Subject) -> list[Record]:
    """The pictures a subject may be answered with, newest first."""
    allowed = [record for record in records if record.manifest.run in subject.one_of]
    return sorted(allowed, key=lambda record: record.manifest.sequence, reverse=True)


def _answer(answers: Answers, subject: str) -> SubjectAnswer:
    return answers.evaluations.setdefault(subject, SubjectAnswer())
