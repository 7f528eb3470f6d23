"""Kind `grid`: the rules of planned runs, and one for the conclusion where one is asked for."""

from exercises.i18n import Translator
from exercises.kinds import Grid
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.runs import check_runs, run_pictures
from grading.checks.text_rules import check_words
from grading.checks.verdict import RuleResult, in_order
from grading.submission.reading import Submission
from grading.wording import message


def check_grid(exercise: Grid, evidence: Evidence) -> list[RuleResult]:
    """Four rules for each cell, and a last one with `words_minimum`."""
    results = check_runs(exercise, evidence)
    if exercise.words_minimum:
        text, none = _conclusion(exercise, evidence.submission), message("concluded.none")
        results += in_order(
            "conclusion",
            [("concluded", lambda: check_words(text, exercise.words_minimum, evidence.prompts, none))],
        )
    return results


def _conclusion(exercise: Grid, submission: Submission) -> str:
    return submission.said(exercise.id).text


def _texts(exercise: Grid, submission: Submission, t: Translator) -> list[ReportText]:
    if not exercise.words_minimum:
        return []
    return [ReportText(t("report.conclusion"), _conclusion(exercise, submission))]


KIND = KindChecks(check_grid, pictures=run_pictures, texts=_texts)
