"""What two honest students do not have in common: the traces by which copied work is seen.

Only hashes leave this module, so that a class's are small and say nothing by themselves.
"""

import hashlib
import re
from collections.abc import Iterable

from grading.checks.text_rules import MAX_READ, plain
from grading.copies import items
from grading.submission.reading import Submission

SENTENCE_WORDS = 5  # shorter ones may be anybody's
EVALUATION_WORDS = 12  # as may be an evaluation of fewer words
MAX_SENTENCES = 500


def photos(submission: Submission) -> tuple[str, ...]:
    """The hashes of the source photos, those that are pictures of a model left out."""
    return tuple(source.sha256 for source in items.photos(submission))


def sentences(submission: Submission) -> tuple[str, ...]:
    """A hash of each longer sentence the student wrote, whatever the order; observations aside."""
    return _sentences(p.text for p in items.passages(submission) if not p.observed)


def observed(submission: Submission) -> tuple[str, ...]:
    """The same of what is written beside pictures: apart, so that it hides no copied reflection."""
    return _sentences(p.text for p in items.passages(submission) if p.observed)


def _sentences(texts: Iterable[str]) -> tuple[str, ...]:
    found = {
        _hash(said)
        for text in texts
        for sentence in re.split(r"[.!?;\n]+", text[:MAX_READ])
        if (said := " ".join(re.findall(r"\w+", plain(sentence)))).count(" ") >= SENTENCE_WORDS - 1
    }
    return tuple(sorted(found)[:MAX_SENTENCES])


def evaluation(submission: Submission) -> str | None:
    """A hash of all scores and reasons together, whatever the order of the reasons."""
    if submission.answers is None:
        return None
    said, words = [], 0
    for subject, answer in sorted(submission.answers.evaluations.items()):
        reasons = sorted(plain(reason) for reason in answer.reasons if plain(reason))
        words += sum(len(reason.split()) for reason in reasons)
        said.append(f"{subject} {sorted(answer.scores.items())} {reasons}")
    return _hash("\n".join(said)) if words >= EVALUATION_WORDS else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
