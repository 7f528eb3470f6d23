"""The checks: the same for the checklist in the lab, for `genai-lab check` and for the grade.

Pure: an assignment and a submission give the same results each time. Each exercise's points are
shared equally over its checks.
"""

from collections.abc import Collection, Iterable
from typing import assert_never

from exercises.assignment import (
    AltTexts,
    Analyse,
    Assignment,
    Compare,
    Correct,
    Evaluation,
    Exercise,
    Generate,
    HandIn,
    ImageToImage,
    Reflection,
    Studio,
    Sweep,
)
from exercises.i18n import Language
from grading.checks.alt_texts import judge_alt_texts
from grading.checks.analyses import judge_analyse, judge_correct
from grading.checks.comparison import judge_comparison
from grading.checks.evaluation import judge_evaluation
from grading.checks.points import shares
from grading.checks.record import judge_record
from grading.checks.reflection import count_lines, judge_reflection, length_fits, touches
from grading.checks.runs import Work, judge_runs, judge_studio
from grading.checks.verdict import Judged
from grading.results import CheckResult, Regeneration
from grading.submission.reading import Submission

__all__ = ["check_submission", "count_lines", "length_fits", "touches"]


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
    work = Work.of(submission, regenerations)
    results: list[CheckResult] = []
    for exercise in assignment.exercises:
        judged = _judge(exercise, work, classmates)
        maxima = shares(exercise.points, len(judged))
        results += [j.result(exercise.id, m, language) for j, m in zip(judged, maxima, strict=True)]
    return results


def _judge(exercise: Exercise, work: Work, classmates: Collection[str]) -> list[Judged]:
    match exercise:
        case Generate() | Sweep() | ImageToImage():
            return judge_runs(exercise, work)
        case Studio():
            return judge_studio(exercise, work)
        case Evaluation():
            return judge_evaluation(exercise, work.submission)
        case Analyse():
            return judge_analyse(exercise, work.submission)
        case Correct():
            return judge_correct(exercise, work.submission)
        case AltTexts():
            return judge_alt_texts(exercise, work.submission)
        case Compare():
            return judge_comparison(exercise, work)
        case Reflection():
            return judge_reflection(exercise, work.submission)
        case HandIn():
            return judge_record(exercise, work.submission, classmates)
    assert_never(exercise)
