"""What two honest students do not have in common: the traces by which copied work is seen.

Only hashes leave this module, so that a class's are small and say nothing by themselves.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from grading.checks.text_rules import MAX_READ, plain
from grading.submission.reading import Submission
from manifests.analysis import AltText, Conclusion, Correction, Note

SENTENCE_WORDS = 5  # shorter ones may be anybody's
EVALUATION_WORDS = 12  # as may be an evaluation of fewer words
MAX_SENTENCES = 500


def photos(submission: Submission) -> tuple[str, ...]:
    """The hashes of the source photos, those that are pictures of a model left out."""
    made = {r.manifest.image.sha256 for r in submission.records}
    used = {r.manifest.request.source.sha256 for r in submission.own if r.manifest.request.source}
    return tuple(sorted(used - made))


def sentences(submission: Submission) -> tuple[str, ...]:
    """A hash of each longer sentence the student wrote, whatever the order; observations aside."""
    return _sentences(_written(submission))


def observed(submission: Submission) -> tuple[str, ...]:
    """The same of what is written beside pictures: apart, so that it hides no copied reflection."""
    return _sentences(_observed(submission))


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


def _written(submission: Submission) -> Iterator[str]:
    """All texts of the student's own."""
    if submission.answers is not None:
        yield submission.answers.reflection
        for answer in submission.answers.evaluations.values():
            yield from answer.reasons
        for exercise in submission.answers.exercises.values():
            yield exercise.text
            yield from (step.why for step in exercise.steps.values())
    for entry in submission.notebook:
        said = entry.said if isinstance(entry, Note) else None
        if isinstance(said, Correction):
            yield from (said.truth, said.noticed)
        elif isinstance(said, AltText):
            yield from (said.alt, said.long)
        elif isinstance(said, Conclusion):
            yield said.reason


def _observed(submission: Submission) -> Iterator[str]:
    for own in submission.answers.observations.values() if submission.answers else ():
        for texts in (*own.pictures.values(), own.conclusions):
            yield from texts.values()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
