"""Finished work of the assignment `recognise`: twelve judgements with reasons, a conclusion, two pictures."""

from pathlib import Path

from exercises.assignment import Assignment
from exercises.kinds import Recognise
from exercises.kinds.base import Run
from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import Parameters
from manifests.answers import Answers, ExerciseAnswer, StepAnswer, save_answers
from manifests.store import Store
from tests.grading.good import draft_of, noise

CONCLUSION = (
    "Fine lines gave most of them away: where a thing has to close or to repeat, the model lets it melt."
    " I was surest of the blurred clock and wrong, for blur alone says nothing. The marks told me of two"
    " pictures what my eye had not seen, and of one they lied; where there is none, nothing is proved."
)
REASONS = ("grain in the wood", "edges too clean", "the handle melts", "shadows fall one way", "hairs differ")


def exercise_of(assignment: Assignment) -> Recognise:
    (exercise,) = [each for each in assignment.exercises if isinstance(each, Recognise)]
    return exercise


def make_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """Everything done, right in nine of twelve cases."""
    store, exercise = Store(work, assignment.id, student), exercise_of(assignment)
    answer = ExerciseAnswer(text=CONCLUSION)
    for number, picture in enumerate(exercise.asked_of(assignment.id, student)):
        said = picture.origin if number % 4 else "generated" if picture.origin == "photo" else "photo"
        why = f"{REASONS[number % len(REASONS)]}, {number}"
        answer.steps[picture.stem] = StepAnswer(
            why=why, scores={"origin": said, "sure": 50 + 5 * (number % 11)}
        )
    save_answers(store.folder, Answers(language="en", exercises={exercise.id: answer}))
    run = Run(id=STUDIO_RUN, parameters=Parameters(prompt="a blue teapot", mode="text2img"))
    for number in range(2):
        store.save(draft_of("fool", run, seed=number), noise(sum(student.encode()) + number))
    return store
