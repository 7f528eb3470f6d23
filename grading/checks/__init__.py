"""The checks: the same for the checklist in the lab, for `genai-lab check` and for the grade.

Pure: an assignment and a submission give the same results each time. Each exercise's points are
shared over its checks, equally where it has no weights. Each kind of exercise has a module of its name here.
"""

from collections.abc import Iterable
from dataclasses import replace

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.checks import (
    adapt,
    alt_text,
    analyse,
    between,
    brandkit,
    code,
    compare,
    correct,
    course,
    crossstitch,
    dataset,
    diagrams,
    evaluation,
    generate,
    grid,
    hand_in,
    img2img,
    inpaint,
    iterate,
    observe,
    operations,
    outlines,
    own,
    pipeline,
    quiz,
    recognise,
    reflection,
    storyboard,
    studio,
    sweep,
)
from grading.checks.kind import Evidence, KindChecks
from grading.checks.points import shares
from grading.checks.verdict import RuleResult, wrong
from grading.results import CheckResult, Regeneration
from grading.submission.reading import Submission
from grading.wording import message

KINDS: dict[str, KindChecks] = {
    "generate": generate.KIND,
    "sweep": sweep.KIND,
    "grid": grid.KIND,
    "img2img": img2img.KIND,
    "inpaint": inpaint.KIND,
    "outlines": outlines.KIND,
    "between": between.KIND,
    "own": own.KIND,
    "iterate": iterate.KIND,
    "pipeline": pipeline.KIND,
    "adapt": adapt.KIND,
    "dataset": dataset.KIND,
    "quiz": quiz.KIND,
    "observe": observe.KIND,
    "recognise": recognise.KIND,
    "code": code.KIND,
    "studio": studio.KIND,
    "evaluation": evaluation.KIND,
    "reflection": reflection.KIND,
    "analyse": analyse.KIND,
    "correct": correct.KIND,
    "alt_text": alt_text.KIND,
    "compare": compare.KIND,
    "crossstitch": crossstitch.KIND,
    "storyboard": storyboard.KIND,
    "brandkit": brandkit.KIND,
    "operations": operations.KIND,
    "diagrams": diagrams.KIND,
    "course": course.KIND,
    "hand_in": hand_in.KIND,
}


def check_submission(
    assignment: Assignment,
    submission: Submission,
    language: Language,
    regenerations: Iterable[Regeneration] = (),
) -> list[CheckResult]:
    """Every check of the assignment, in its order, worded in `language`.

    `regenerations`: what making some pictures again gave.
    """
    return worded_checks(assignment, judge(assignment, submission, regenerations), language)


def judge(
    assignment: Assignment, submission: Submission, regenerations: Iterable[Regeneration] = ()
) -> dict[str, list[RuleResult]]:
    """What every rule says, by exercise."""
    assignment = as_given(assignment, submission)
    if not assignment.agents:
        submission = replace(submission, without_agents=True)
    prompts = {run.parameters.prompt for _, run in assignment.planned_runs()}
    evidence = Evidence.of(submission, regenerations, prompts)
    judged = {e.id: KINDS[e.kind].check(e, evidence) for e in assignment.exercises}
    free = [exercise.id for exercise in assignment.exercises if exercise.free_run]
    return judged | {exercise: with_barred(exercise, judged[exercise], submission) for exercise in free}


def with_barred(exercise: str, results: list[RuleResult], submission: Submission) -> list[RuleResult]:
    """Where no free picture counts, but an agent made some, that is the cause."""
    barred = tuple(
        r.file for r in submission.kept if r.manifest.exercise == exercise and submission.is_barred(r)
    )
    first = next((r for r in results if r.verdict.passed is False), None)
    if not barred or first is None or first.verdict.begun:
        return results
    told = replace(first, verdict=wrong(message("recorded.through_agent", files=barred)))
    return [told if result is first else result for result in results]


def as_given(assignment: Assignment, submission: Submission) -> Assignment:
    """The assignment as this student had it.

    Variants that the record states hold too where they are not switched on: the lab's were.
    """
    stated = any(recorded.manifest.variant for recorded in submission.own)
    student = submission.student
    return assignment.varied(student) if stated else assignment.of_student(student)


def worded_checks(
    assignment: Assignment, judged: dict[str, list[RuleResult]], language: Language
) -> list[CheckResult]:
    """The same as checks with points, worded in `language`."""
    checks: list[CheckResult] = []
    for exercise in assignment.exercises:
        results = judged[exercise.id]
        maxima = shares(exercise.points, [exercise.weights.get(r.rule, 1) for r in results])
        worded = [r.check(exercise.id, m, language) for r, m in zip(results, maxima, strict=True)]
        checks += [c.model_copy(update={"optional": True}) for c in worded] if exercise.optional else worded
    return checks
