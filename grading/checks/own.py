"""Kind `own`: the runs of the plan with one prompt of the student's own, and reasons for the best picture.

Which prompt it is, the picture made last says; the other pictures must have been asked for in the same words.
"""

from functools import partial

from exercises.i18n import Translator
from exercises.kinds import Own
from grading.checks.alt_text_rules import count_words
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.runs import asked_for, check_runs, named_picture
from grading.checks.text_rules import check_words, plain, reasons
from grading.checks.verdict import Rule, RuleResult, Verdict, in_order, not_yet, ok, wrong
from grading.submission.reading import Recorded, Submission
from grading.wording import message


def check_own(exercise: Own, evidence: Evidence) -> list[RuleResult]:
    """Four rules for each run, one for the prompt, two for the choice, and one for each topic."""
    submission, said = evidence.submission, evidence.submission.said(exercise.id)
    newest = [n for run in exercise.runs if (n := evidence.newest.get((exercise.id, run.id)))]
    planned = asked_for(exercise, newest)
    none = message("own.no_why")
    best: list[Rule] = [
        ("best", partial(_best, exercise, submission)),
        ("why", lambda: check_words(said.text, exercise.words_minimum, evidence.prompts, none)),
    ]
    return [
        *check_runs(planned, evidence),
        *in_order("prompt", [("own_prompt", partial(_prompt, planned, bool(newest)))]),
        *in_order("best", best),
        *reasons(exercise.topics, said.text, none, evidence.prompts),
    ]


def _prompt(planned: Own, made: bool) -> Verdict:
    asked = planned.runs[0].parameters
    if not made:
        return not_yet(message("own.no_prompt"))
    count = count_words(asked.prompt)
    if count < planned.prompt_words:
        return wrong(message("words.short", minimum=planned.prompt_words, found=count))
    return ok() if plain(asked.negative_prompt) else wrong(message("own.no_negative"))


def _best(exercise: Own, submission: Submission) -> Verdict:
    chosen, runs = submission.said(exercise.id).chosen, [run.id for run in exercise.runs]
    if not chosen:
        return not_yet(message("own.no_choice"))
    if chosen not in runs:
        return wrong(message("own.other_choice"), ", ".join(runs), chosen)
    return ok() if _newest(exercise, submission, chosen) else wrong(message("recorded.missing", run=chosen))


def _newest(exercise: Own, submission: Submission, run: str) -> Recorded | None:
    return next(reversed(submission.attempts(exercise.id, run)), None)


def _pictures(exercise: Own, submission: Submission, t: Translator) -> list[ReportPicture]:
    """Each seed's picture, the one chosen marked."""
    chosen = submission.said(exercise.id).chosen
    return [
        named_picture(
            t("report.best", run=run.id) if run.id == chosen else run.id,
            _newest(exercise, submission, run.id),
            submission,
            t,
        )
        for run in exercise.runs
    ]


def _texts(exercise: Own, submission: Submission, t: Translator) -> list[ReportText]:
    """The prompts as they were asked for last, and the reasons."""
    made = [r for run in exercise.runs if (r := _newest(exercise, submission, run.id))]
    asked = asked_for(exercise, made).runs[0].parameters
    texts = [(t("report.prompt"), asked.prompt), (t("report.negative_prompt"), asked.negative_prompt)]
    lines = [t("report.line", name=name, value=value) for name, value in texts if value]
    why = ReportText(t("report.why"), submission.said(exercise.id).text)
    return [ReportText(t("report.own_prompt"), "\n".join(lines)), why]


KIND = KindChecks(check_own, pictures=_pictures, texts=_texts)
