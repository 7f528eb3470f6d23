"""Changes to what a student writes in one exercise's own tab, one field at a time.

Whether an answer is right is never saved: the checks see it from the manifests each time.
"""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from lab.records.answers import Change
from manifests.answers import Answers, ExerciseAnswer, QuestionAnswer, StepAnswer, load_answers
from manifests.errors import AnswersError

TEXT_LENGTH, PROMPT_LENGTH = 4000, 2000  # characters, as the page's boxes take them
WHY_LENGTH, STEM_LENGTH = 1000, 128


def of(answers: Answers | None, exercise: str) -> ExerciseAnswer:
    """What is written of an exercise; nothing where nothing is."""
    return (answers.exercises.get(exercise) if answers else None) or ExerciseAnswer()


def read(folder: Path, exercise: str) -> ExerciseAnswer:
    """The same from disk; nothing where the answers cannot be read."""
    try:
        return of(load_answers(folder), exercise)
    except AnswersError:
        return ExerciseAnswer()


def putting(exercise: str, field: str, default: str = "") -> Callable[[Any], Change]:
    """Of a value the change that sets this field of an exercise's answer.

    The page shows `default` where nothing was typed: that alone is not an answer.
    """
    length = PROMPT_LENGTH if field.endswith("prompt") else TEXT_LENGTH

    def put(value: Any) -> Change:
        def change(answers: Answers) -> None:
            kept = value[:length] if isinstance(value, str) and value else None
            if kept != (getattr(of(answers, exercise), field) or default or None):
                setattr(_own(answers, exercise), field, kept if field == "chosen" else kept or "")

        return change

    return put


def step_why(exercise: str, stem: str | None, text: str) -> Change:
    """What was changed in a step, and why; without a step nothing is changed."""

    def change(answers: Answers) -> None:
        if stem and (text or stem in of(answers, exercise).steps):
            _step(answers, exercise, stem).why = text[:WHY_LENGTH]

    return change


def step_score(exercise: str, stem: str | None, criterion: str, value: int | None) -> Change:
    """One score of a step's picture; None takes it back. Without a step nothing is changed."""

    def change(answers: Answers) -> None:
        if not stem:
            return
        scores = _step(answers, exercise, stem).scores
        if value is None:
            scores.pop(criterion, None)
        else:
            scores[criterion] = value

    return change


def tried(
    exercise: str,
    question: str,
    pictures: Sequence[str],
    about: str,
    chosen: str,
    right: Collection[str],
    most: int,
) -> Change:
    """One try at a question about these pictures, or this of a graph, unless it was right before, or there
    were `most` tries.

    The same choice again is no further try. Answers about what is gone are forgotten.
    """

    def change(answers: Answers) -> None:
        questions = _own(answers, exercise).questions
        answer = questions.get(question)
        if answer is None or (answer.pictures, answer.about) != (list(pictures), about):
            answer = questions[question] = QuestionAnswer(pictures=list(pictures), about=about)
        over = len(answer.chosen) >= most or any(key in right for key in answer.chosen)
        if not over and chosen not in answer.chosen:
            answer.chosen = [*answer.chosen, chosen]

    return change


def recognised(exercise: str, stem: str, origin: str, sure: int, why: str) -> Change:
    """What a picture is taken for, how sure, and why; kept once, since what it is is shown then."""

    def change(answers: Answers) -> None:
        if stem not in of(answers, exercise).steps:
            step = _step(answers, exercise, stem)
            step.scores, step.why = {"origin": origin, "sure": sure}, why[:WHY_LENGTH]

    return change


def _own(answers: Answers, exercise: str) -> ExerciseAnswer:
    return answers.exercises.setdefault(exercise, ExerciseAnswer())


def _step(answers: Answers, exercise: str, stem: str) -> StepAnswer:
    return _own(answers, exercise).steps.setdefault(stem[:STEM_LENGTH], StepAnswer())
