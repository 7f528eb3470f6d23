"""Work on `seeds`, `prompts` and `comfyui` as a good student does it, for tests to spoil."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from exercises.assignment import Assignment
from exercises.kinds import Iterate, Observe, Own, Quiz, Reflection, Studio
from exercises.kinds.base import Run
from exercises.kinds.iterate import ITERATION_RUN
from exercises.kinds.studio import STUDIO_RUN
from exercises.parameters import side_of
from grading.checks import check_submission
from grading.checks.quiz_questions import ask, ask_by_itself, place_asked_about, runs_asked_about
from grading.results import CheckResult
from grading.submission.reading import closing, open_submission
from manifests.answers import (
    Answers,
    ExerciseAnswer,
    ObservationAnswers,
    QuestionAnswer,
    StepAnswer,
    save_answers,
)
from manifests.store import Store
from tests.grading.good import SIDE, draft_of, noise, photo
from tests.manifests.conftest import ADHERENCE

PROMPT = "two small green turtles on a pink background with a soft shadow"
WHY = (
    "The picture of seed 123 is the best one because both animals are whole and the shadow lies under them; "
    "next I would change the background, which is too close to their colour."
)
CONCLUSION = (
    "Naming object, colour and background works under every seed. Praise such as masterpiece is skipped, "
    "and a word after without is drawn all the same, so one had better say what should be there."
)
REFLECTION = """A good wording names the object, its colour and the background.
The vague one left all of that to chance, and each seed chose differently.
Words such as masterpiece were skipped and did nothing.
Without red gave red, so I would write the colour that I want.
I trust the judge's figure for colours, but my own eye for light and shape."""
ABOUT_COMFYUI = """Ten steps left rough edges, from twenty on I saw no more detail.
At guidance 15 the colours were glaring and too saturated.
When it takes too long I would ask for fewer steps.
When memory runs out I would take the safe size, 384, and wait before the next.
One simple request as with Forge is enough for a quick picture.
A graph is worth it where I want to change a node, as in image to image."""
REFLECTIONS = {"prompts": REFLECTION, "comfyui": ABOUT_COMFYUI}
CHANGES = ("a bag", "a red handbag", "a red handbag on a white background")


def make_work(work: Path, assignment: Assignment, student: str = "alice") -> Store:
    """Everything done and in order, with pictures of noise."""
    store, offset = Store(work, assignment.id, student), sum(student.encode()) * 1000
    answers, number = Answers(language="en"), offset
    source = store.add_source(photo(offset))
    for exercise in assignment.exercises:
        said = answers.exercises.setdefault(exercise.id, ExerciseAnswer(text=CONCLUSION))
        if isinstance(exercise, Own):
            said.text, said.chosen = WHY, exercise.runs[1].id
            exercise = exercise.with_prompt(PROMPT, "red, black background")
        for run in getattr(exercise, "runs", ()):
            number += 1
            wanted = source if run.parameters.mode == "img2img" else None
            size = dict.fromkeys(("width", "height"), side_of(run.parameters.width, SIDE))
            draft = replace(draft_of(exercise.id, run, wanted, **size), adherence=ADHERENCE)
            store.save(draft, noise(number, size["width"]))
        if isinstance(exercise, Observe):
            answers.observations[exercise.id] = observations(exercise)
        if isinstance(exercise, Studio):
            for seed in range(exercise.minimum):
                number += 1
                store.save(draft_of(exercise.id, studio_run(assignment), seed=seed), noise(number))
        if isinstance(exercise, Iterate):
            for prompt in CHANGES:
                number += 1
                step(store, exercise, prompt, number, answers)
        if isinstance(exercise, Reflection):
            answers.reflection = REFLECTIONS[assignment.id]
    for quiz in (e for e in assignment.exercises if isinstance(e, Quiz)):
        for question in quiz.questions:
            answer_rightly(store, quiz, question.id, answers)
    save_answers(store.folder, answers)
    return store


def studio_run(assignment: Assignment) -> Run:
    """What a picture of the studio is recorded as."""
    return Run(id=STUDIO_RUN, parameters=assignment.planned_runs()[0][1].parameters)


def observations(exercise: Observe) -> ObservationAnswers:
    """Something seen in each picture, and a conclusion for each question asked once."""
    seen = "A bar with steps and seconds, then a preview that grew clearer, for run {}."
    return ObservationAnswers(
        pictures={run: {q.id: seen.format(run) for q in exercise.questions} for run in exercise.pictures},
        conclusions={
            q.id: f"About {q.id}: the program sends a request, then it asks until the picture is ready."
            for q in exercise.conclusions
        },
    )


def step(store: Store, exercise: Iterate, prompt: str, number: int, answers: Answers, **changes: Any) -> str:
    """One more step, scored better than those before it and explained."""
    draft = draft_of(exercise.id, Run(id=ITERATION_RUN, parameters=exercise.start), prompt=prompt, **changes)
    stem = store.save(replace(draft, adherence=ADHERENCE), noise(number)).stem
    steps = answers.exercises.setdefault(exercise.id, ExerciseAnswer()).steps
    scores = [min(2, max(0, len(steps) - n)) for n, _ in enumerate(exercise.criteria)]
    steps[stem] = StepAnswer(
        why=f"I added {prompt.split()[-1]} to the prompt because the picture left it to chance.",
        scores={c.id: s for c, s in zip(exercise.criteria, scores, strict=True)},
    )
    return stem


def derived(store: Store, quiz: Quiz, question_id: str) -> tuple[list[str], list[str], list[str]]:
    """Of a question the pictures, the right choices, and the wrong ones."""
    question = next(q for q in quiz.questions if q.id == question_id)
    if question.graph is not None:
        about = place_asked_about(question, store.student, store.assignment, quiz.id)
        of_graph = ask_by_itself(question, about)
        assert of_graph is not None
        keys = [choice.key for choice in of_graph.choices]
        return [], [k for k in keys if k in of_graph.right], [k for k in keys if k not in of_graph.right]
    newest = {run: r for run in question.runs if (r := store.newest(run))}
    shown = [newest[run] for run in runs_asked_about(question, store.student, store.assignment, quiz.id)]
    asked = ask(question, [r.manifest for r in shown], {run: r.manifest for run, r in newest.items()})
    assert asked is not None
    keys = [choice.key for choice in asked.choices]
    return (
        [r.stem for r in shown],
        [k for k in keys if k in asked.right],
        [k for k in keys if k not in asked.right],
    )


def answer_rightly(
    store: Store, quiz: Quiz, question_id: str, answers: Answers, wrong_before: int = 0
) -> None:
    pictures, right, wrong = derived(store, quiz, question_id)
    chosen = [*wrong[:wrong_before], right[0]]
    questions = answers.exercises.setdefault(quiz.id, ExerciseAnswer()).questions
    question = next(q for q in quiz.questions if q.id == question_id)
    about = place_asked_about(question, store.student, store.assignment, quiz.id) if question.graph else ""
    questions[question_id] = QuestionAnswer(pictures=pictures, about=about, chosen=chosen)


def checks(work: Path, assignment: Assignment) -> dict[str, CheckResult]:
    with closing(open_submission(work, assignment.id)) as submission:
        return {c.id: c for c in check_submission(assignment, submission, "en")}


def failed(results: dict[str, CheckResult]) -> set[str]:
    return {check.id for check in results.values() if check.passed is False}
