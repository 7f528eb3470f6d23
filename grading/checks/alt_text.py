"""Kind `alt_text`, for each purpose: written for a use, worded rightly, the student's own.

The newest text for a purpose is the one that counts.
"""

from functools import partial

from exercises.i18n import Translator
from exercises.kinds import AltTexts
from exercises.kinds.parts import Purpose
from grading.checks.alt_text_rules import count_words, faults
from grading.checks.kind import Evidence, KindChecks, ReportPicture, ReportText
from grading.checks.notebook_rules import analysis, is_own, notes
from grading.checks.text_rules import empty_words, plain
from grading.checks.verdict import Rule, RuleResult, Verdict, for_a_person, in_order, not_yet, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message
from manifests.analysis import AltText

USE_AT_LEAST = 3  # words that say where the picture is used


def check_alt_texts(exercise: AltTexts, evidence: Evidence) -> list[RuleResult]:
    """Two rules for a decorative picture; a third for the others, whose text a model drafted."""
    submission = evidence.submission
    results: list[RuleResult] = []
    for purpose in exercise.purposes:
        text = newest(submission, purpose)
        rules: list[Rule] = [
            ("alt_written", partial(_written, text, submission, max(USE_AT_LEAST, exercise.words_minimum))),
            ("alt_wording", partial(_wording, text)),
        ]
        if purpose != "decorative":
            rules.append(("alt_own", partial(_own, text, submission)))
        results += in_order(purpose, rules, purpose=message(f"purpose.{purpose}"))
    return results


def newest(submission: Submission, purpose: Purpose) -> AltText | None:
    """The last alternative text written for that purpose."""
    texts = reversed(notes(submission, AltText))
    return next((text for text in texts if text.purpose == purpose), None)


def _written(text: AltText | None, submission: Submission, minimum: int) -> Verdict:
    if text is None:
        return not_yet(message("alt_text.none"))
    if not is_own(submission, text.image):
        return wrong(message("alt_text.other_picture"), None, text.image.stem)
    if count_words(text.use) < minimum or empty_words(text.use, USE_AT_LEAST - 1):
        return wrong(message("alt_text.no_use", minimum=minimum))
    return ok()


def _wording(text: AltText | None) -> Verdict:
    if text is None:
        return not_yet(message("alt_text.none"))
    found = faults(text.purpose, text.alt, text.long)
    if found:
        return wrong(found[0], None, text.alt or None)
    return ok() if text.purpose == "decorative" else for_a_person(message("judge.words"))


def _own(text: AltText | None, submission: Submission) -> Verdict:
    """A model drafted it from this very picture, and the student made something else of the draft."""
    draft = analysis(submission, text.about) if text else None
    if text is None or draft is None or draft.asked.task != "alt_text":
        return wrong(message("alt_text.no_draft"))
    if text.image not in draft.asked.images:
        return wrong(message("alt_text.other_draft"))
    drafted = {plain(statement) for statement in draft.answered.statements()}
    if plain(text.alt) in drafted:
        return wrong(message("alt_text.unchanged"))
    return for_a_person(message("judge.answer"))


def _pictures(exercise: AltTexts, submission: Submission, t: Translator) -> list[ReportPicture]:
    """The pictures described, each with the student's text as its alternative text."""
    pictures = []
    for purpose in exercise.purposes:
        text = newest(submission, purpose)
        if text is not None and is_own(submission, text.image):
            recorded = next(r for r in submission.own if r.stem == text.image.stem)
            facts = submission.look_at_image(recorded)
            pictures.append(ReportPicture(t(f"purpose.{purpose}"), text.alt, facts))
    return pictures


def _texts(exercise: AltTexts, submission: Submission, t: Translator) -> list[ReportText]:
    texts = []
    for text in filter(None, (newest(submission, purpose) for purpose in exercise.purposes)):
        lines = [
            t("report.line", name=t("report.use"), value=text.use),
            text.alt or t("report.alt_decorative"),
        ]
        if text.long:
            lines.append(t("report.line", name=t("report.alt_long"), value=text.long))
        texts.append(ReportText(t(f"purpose.{text.purpose}"), "\n".join(lines)))
    return texts


KIND = KindChecks(check_alt_texts, pictures=_pictures, texts=_texts)
