"""The rules of alternative texts, for each purpose: written for a use, worded rightly, the student's own.

The newest text for a purpose is the one that counts.
"""

from functools import partial

from exercises.assignment import AltTexts, Purpose
from grading.checks.alt_text_rules import count_words, faults
from grading.checks.analyses import analysis, is_own
from grading.checks.reflection import plain
from grading.checks.verdict import Judged, Rule, Verdict, in_order, ok, wrong
from grading.submission.reading import Submission
from grading.wording import message
from manifests.analysis import AltText, Note

USE_AT_LEAST = 3  # words that say where the picture is used


def judge_alt_texts(exercise: AltTexts, submission: Submission) -> list[Judged]:
    """Two rules for a decorative picture; a third for the others, whose text a model drafted."""
    judged: list[Judged] = []
    for purpose in exercise.purposes:
        text = newest(submission, purpose)
        rules: list[Rule] = [
            ("alt_written", partial(_written, text, submission)),
            ("alt_wording", partial(_wording, text)),
        ]
        if purpose != "decorative":
            rules.append(("alt_own", partial(_own, text, submission)))
        judged += in_order(purpose, rules, purpose=message(f"purpose.{purpose}"))
    return judged


def newest(submission: Submission, purpose: Purpose) -> AltText | None:
    """The last alternative text written for that purpose."""
    texts = [e.said for e in submission.notebook if isinstance(e, Note) and isinstance(e.said, AltText)]
    return next((text for text in reversed(texts) if text.purpose == purpose), None)


def _written(text: AltText | None, submission: Submission) -> Verdict:
    if text is None:
        return wrong(message("alt_text.none"))
    if not is_own(submission, text.image):
        return wrong(message("alt_text.other_picture"), None, text.image.stem)
    count = count_words(text.use)
    if count < USE_AT_LEAST:
        return wrong(message("alt_text.no_use", minimum=USE_AT_LEAST))
    return ok()


def _wording(text: AltText | None) -> Verdict:
    if text is None:
        return wrong(message("alt_text.none"))
    found = faults(text.purpose, text.alt, text.long)
    return wrong(found[0], None, text.alt or None) if found else ok()


def _own(text: AltText | None, submission: Submission) -> Verdict:
    """A model drafted it from this very picture, and the student made something else of the draft."""
    draft = analysis(submission, text.about) if text else None
    if text is None or draft is None or draft.asked.task != "alt_text":
        return wrong(message("alt_text.no_draft"))
    if text.image not in draft.asked.images:
        return wrong(message("alt_text.other_draft"))
    drafted = {plain(statement) for statement in draft.answered.statements()}
    return wrong(message("alt_text.unchanged")) if plain(text.alt) in drafted else ok()
