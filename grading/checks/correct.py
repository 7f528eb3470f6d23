"""Kind `correct`: what a model said wrongly about a picture of the student's own is corrected.

The claim must stand in the answer word for word; whether it is truly wrong, a program cannot tell.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from exercises.i18n import Translator
from exercises.kinds import Correct
from grading.checks.alt_text_rules import count_words
from grading.checks.kind import Evidence, KindChecks, ReportText
from grading.checks.notebook_rules import MAX_ENTRIES, analysis, is_own, notes
from grading.checks.text_rules import empty_words, plain
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, wrong
from grading.submission.reading import Submission
from grading.wording import message, shown
from manifests.analysis import Correction


def check_correct(exercise: Correct, evidence: Evidence) -> list[RuleResult]:
    """Three rules for each correction asked for; of those written, the ones in order come first."""
    submission = evidence.submission
    newest = islice(_corrections(submission), MAX_ENTRIES)
    written = [_rules(exercise, correction, submission) for correction in newest]
    written.sort(key=lambda rules: any(apply().passed is False for _, apply in rules))
    unwritten: list[Rule] = [
        (name, partial(not_yet, message("correct.none"))) for name in ("claim", "truth", "noticed")
    ]
    results: list[RuleResult] = []
    for number in range(exercise.minimum):
        rules = written[number] if number < len(written) else unwritten
        results += in_order(f"correction{number + 1}", rules, number=number + 1)
    return results


def _corrections(submission: Submission) -> Iterator[Correction]:
    """Each claim's newest correction, the newest first."""
    claims: set[tuple[int, str]] = set()
    for correction in reversed(notes(submission, Correction)):
        claim = (correction.about, plain(correction.claim))
        if claim not in claims:
            claims.add(claim)
            yield correction


def _rules(exercise: Correct, correction: Correction, submission: Submission) -> list[Rule]:
    return [
        ("claim", partial(_claim, correction, submission)),
        ("truth", partial(_truth, correction)),
        ("noticed", partial(_noticed, exercise, correction)),
    ]


def _claim(correction: Correction, submission: Submission) -> Verdict:
    """The claim stands in the answer, and the answer is about a picture of the student's own."""
    about = analysis(submission, correction.about)
    if about is None:
        return wrong(message("correct.no_analysis", number=correction.about))
    if not any(is_own(submission, image) for image in about.asked.images):
        return wrong(message("correct.other_picture"))
    claim = plain(correction.claim)
    if not any(c.isalnum() for c in claim) or not any(
        claim in plain(text) for text in about.answered.statements()
    ):
        return wrong(message("correct.not_said"), None, correction.claim)
    return for_a_person(message("judge.answer"))


def _truth(correction: Correction) -> Verdict:
    truth = plain(correction.truth)
    if not any(c.isalpha() for c in truth):
        return wrong(message("correct.no_truth"))
    if truth == plain(correction.claim):
        return wrong(message("correct.same"))
    return for_a_person(message("judge.words"))


def _noticed(exercise: Correct, correction: Correction) -> Verdict:
    count = count_words(correction.noticed)
    if count < exercise.words_minimum:
        return wrong(message("correct.noticed_short"), str(exercise.words_minimum), str(count))
    fault = empty_words(correction.noticed, exercise.words_minimum // 2)
    return wrong(fault) if fault else for_a_person(message("judge.words"))


def _texts(exercise: Correct, submission: Submission, t: Translator) -> list[ReportText]:
    texts = []
    for each in notes(submission, Correction)[-MAX_ENTRIES:]:
        about = analysis(submission, each.about)
        title = t("report.corrected") + (f" · {shown(about.model)}" if about else "")
        said = (("said", each.claim), ("in_truth", each.truth), ("how_noticed", each.noticed))
        lines = [t("report.line", name=t(f"report.{name}"), value=value) for name, value in said]
        texts.append(ReportText(title, "\n".join(lines)))
    return texts


KIND = KindChecks(check_correct, texts=_texts)
