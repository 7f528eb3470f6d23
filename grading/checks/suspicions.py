"""What looks forged in a submission: for the grader alone, the most certain first, each with its evidence.

Suspicions change no points: what the checks say does, and then a person.
"""

from collections.abc import Iterable, Mapping

from grading.checks.verdict import RuleResult
from grading.submission.pictures import PictureFacts
from grading.submission.reading import Recorded, Submission
from grading.wording import Message, message
from manifests.chain import is_sealed
from manifests.manifest import Request
from manifests.png import KEY

# Causes that speak of forgery, in this order; those of one kind are told once, with the checks they are of.
_TELLING = (
    "regeneration.different",
    "recorded.foreign",
    "owner.classmate",
    "owner.several",
    "image.text_differs",
    "image.pixels",
    "image.hash",
    "reuse.twice",
    "distinct.same",
    "complete.problems",
    "chain.broken",
    "chain.notebook_broken",
    "owner.frozen",
    "owner.other_names",
    "owner.claimed",
    "unproven.model",
    "unproven.api",
    "regeneration.not_checkable",
)


def suspicions(judged: Mapping[str, Iterable[RuleResult]], submission: Submission) -> list[Message]:
    """What a person should look at; `judged` is what the rules said, by exercise."""
    found = _told(judged)
    proven = found.pop("regeneration.different", None)
    messages = [proven] if proven else []
    edited = [r.file for r in submission.records if not r.sealed]
    edited += [f"analyses/{e.sequence:04d}" for e in submission.entries if not is_sealed(e)]
    if edited:
        messages.append(message("suspicion.edited", files=tuple(edited)))
    undescribed = tuple(r.file for r in submission.own if _lacks_description(submission, r))
    if undescribed:
        messages.append(message("suspicion.no_description", files=undescribed))
    return messages + list(found.values())


def _told(judged: Mapping[str, Iterable[RuleResult]]) -> dict[str, Message]:
    """One message for each telling cause, in their order."""
    ids: dict[str, list[str]] = {}
    causes: dict[str, Message] = {}
    for exercise, results in judged.items():
        for result in results:
            cause = result.verdict.message
            if cause is not None and cause.key in _TELLING and result.waits_for is None:
                ids.setdefault(cause.key, []).append(f"{exercise}/{result.part}/{result.rule}")
                causes.setdefault(cause.key, cause)
    return {
        key: message("suspicion.found", cause=causes[key], count=len(ids[key]), checks=tuple(ids[key]))
        for key in _TELLING
        if key in causes
    }


def _lacks_description(submission: Submission, recorded: Recorded) -> bool:
    """Whether a picture that the lab is said to have made has not what the lab writes into each."""
    facts = submission.looked_at(recorded)
    return (
        isinstance(recorded.manifest.request, Request)
        and isinstance(facts, PictureFacts)
        and facts.sha256 == recorded.manifest.image.sha256
        and KEY not in facts.text
    )
