"""The checks: the same for the checklist in the lab, for `genai-lab check` and for the grade.

Pure: an assignment and a submission give the same results each time. Each exercise's points are
shared equally over its checks. Each kind of exercise has a module of its name here.
"""

from collections.abc import Collection, Iterable

from exercises.assignment import Assignment
from exercises.i18n import Language
from grading.checks import (
    alt_text,
    analyse,
    compare,
    correct,
    evaluation,
    generate,
    hand_in,
    img2img,
    reflection,
    studio,
    sweep,
)
from grading.checks.kind import Evidence, KindChecks
from grading.checks.points import shares
from grading.results import CheckResult, Regeneration
from grading.submission.reading import Submission

KINDS: dict[str, KindChecks] = {
    "generate": generate.KIND,
    "sweep": sweep.KIND,
    "img2img": img2img.KIND,
    "studio": studio.KIND,
    "evaluation": evaluation.KIND,
    "reflection": reflection.KIND,
    "analyse": analyse.KIND,
    "correct": correct.KIND,
    "alt_text": alt_text.KIND,
    "compare": compare.KIND,
    "hand_in": hand_in.KIND,
}


def check_submission(
    assignment: Assignment,
    submission: Submission,
    language: Language,
    regenerations: Iterable[Regeneration] = (),
    classmates: Collection[str] = (),
) -> list[CheckResult]:
    """Every check of the assignment, in its order, worded in `language`.

    `regenerations`: what making some pictures again gave. `classmates`: the names of the other
    submissions, so that one cannot hand in another's record.
    """
    evidence = Evidence.of(submission, regenerations, classmates)
    checks: list[CheckResult] = []
    for exercise in assignment.exercises:
        results = KINDS[exercise.kind].check(exercise, evidence)
        maxima = shares(exercise.points, len(results))
        checks += [r.check(exercise.id, m, language) for r, m in zip(results, maxima, strict=True)]
    return checks
