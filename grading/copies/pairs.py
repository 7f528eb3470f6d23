"""Pairs of students whose work has too much in common, the most certain first, each with its evidence.

Every sort of evidence has a score of its own, and what several say together is more certain than each. Scores
order the list for a person; they are no probability and change no points.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from pydantic import BaseModel, ConfigDict

from exercises.assignment import Assignment
from grading.copies.alike import alike
from grading.copies.fingerprint import PHOTO, Fingerprint
from grading.copies.shared import CODE, OBSERVED, PROMPT, TEXT, Measure, shared
from grading.copies.translation import translated
from grading.copies.words import prompt_shingles, text_shingles

Kind = Literal["record", "times", "photo", "picture", "text", "translation", "prompt", "code", "earlier"]

LEAST_SCORE = 0.3
MAX_PAIRS = 200
CERTAIN = 0.99
SAME_TIMINGS = 3  # pictures that took equally long to the last digit
SAME_GAPS = 4  # times between two pictures that are equal to the millisecond
MANY_HOLDERS = 60  # of one record or time; more pairs would say nothing new


class Passages(BaseModel):
    """What stands in one work and in the other, and where."""

    model_config = ConfigDict(frozen=True)

    where: tuple[str, str]
    text: tuple[str, str]


class Evidence(BaseModel):
    """One thing that speaks for a copy. `said` is that in words, in the grader's language."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    score: float
    count: int = 0
    files: tuple[str, str] | None = None
    how: tuple[str, ...] = ()
    said: str = ""
    passages: tuple[Passages, ...] = ()


class Pair(BaseModel):
    model_config = ConfigDict(frozen=True)

    students: tuple[str, str]
    kind: Kind
    score: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Given:
    """Hashes of what the assignment itself says, which everybody may repeat."""

    texts: frozenset[int]
    prompts: frozenset[int]


def given_by(assignment: Assignment, key: bytes) -> Given:
    """Of every text in the assignment."""
    texts = list(_strings(assignment.model_dump(mode="json", exclude={"folder"})))
    return Given(
        frozenset().union(*(text_shingles(t, key) for t in texts)),
        frozenset().union(*(prompt_shingles(t, key) for t in texts)),
    )


def find_pairs(fingerprints: Mapping[str, Fingerprint], given: Given) -> list[Pair]:
    """All pairs of a class. `fingerprints` are by the submission's folder."""
    found: dict[tuple[str, str], list[Evidence]] = defaultdict(list)

    def tell(pair: tuple[str, str], evidence: Evidence) -> None:
        if evidence.score >= LEAST_SCORE / 2:
            found[pair if pair[0] <= pair[1] else (pair[1], pair[0])].append(evidence)

    for pair, evidence in (
        *_records(fingerprints),
        *_words(fingerprints, given),
        *_translations(fingerprints),
    ):
        tell(pair, evidence)
    for pair, how in alike(fingerprints).items():
        files = (how.one.where, how.other.where) if pair[0] <= pair[1] else (how.other.where, how.one.where)
        kind: Kind = "photo" if PHOTO in (how.one.kind, how.other.kind) else "picture"
        ways = [
            way
            for way, told in (("exact", how.exact), ("mirrored", how.mirrored), ("cropped", how.cropped))
            if told
        ]
        tell(pair, Evidence(kind=kind, score=round(how.score, 3), files=files, how=tuple(ways)))
    return ranked(found)


def ranked(found: Mapping[tuple[str, str], Sequence[Evidence]]) -> list[Pair]:
    """One row for two students, the most certain first."""
    pairs = []
    for students, evidence in found.items():
        doubt = 1.0
        for each in evidence:
            doubt *= 1.0 - min(each.score, CERTAIN)
        best = sorted(evidence, key=lambda e: -e.score)
        if (score := round(1.0 - doubt, 3)) >= LEAST_SCORE:
            pairs.append(Pair(students=students, kind=best[0].kind, score=score, evidence=tuple(best)))
    return sorted(pairs, key=lambda p: (-p.score, p.students))[:MAX_PAIRS]


def _records(fingerprints: Mapping[str, Fingerprint]) -> Iterable[tuple[tuple[str, str], Evidence]]:
    """Records that are in both works, and times that two people's work cannot have in common."""
    for pair, count in _in_common({k: f.records for k, f in fingerprints.items()}).items():
        yield pair, Evidence(kind="record", score=CERTAIN, count=count, how=("records",))
    moments = _in_common({k: f.moments for k, f in fingerprints.items()})
    for pair, count in moments.items():
        yield pair, Evidence(kind="record", score=0.98, count=count, how=("moments",))
    for pair, count in _in_common({k: f.timings for k, f in fingerprints.items()}).items():
        if count >= SAME_TIMINGS and pair not in moments:
            yield pair, Evidence(kind="times", score=0.9, count=count, how=("timings",))
    for pair, count in _in_common({k: f.gaps for k, f in fingerprints.items()}).items():
        if count >= SAME_GAPS and pair not in moments:
            yield pair, Evidence(kind="times", score=0.93, count=count, how=("gaps",))


def _words(
    fingerprints: Mapping[str, Fingerprint], given: Given
) -> Iterable[tuple[tuple[str, str], Evidence]]:
    sorts: tuple[tuple[Kind, str, Measure, Collection[int]], ...] = (
        ("text", "texts", TEXT, given.texts),
        ("text", "observed", OBSERVED, given.texts),
        ("prompt", "prompts", PROMPT, given.prompts),
        ("code", "codes", CODE, given.texts),
    )
    for kind, field, measure, known in sorts:
        held = {
            k: (getattr(f, field) if field == "prompts" else [getattr(f, field)])
            for k, f in fingerprints.items()
        }
        for pair, how in shared(held, measure, known).items():
            yield pair, Evidence(kind=kind, score=round(how.score, 3), count=round(how.amount), how=(field,))


def _translations(fingerprints: Mapping[str, Fingerprint]) -> Iterable[tuple[tuple[str, str], Evidence]]:
    for french, english, well, count in translated({k: f.sentences for k, f in fingerprints.items()}):
        yield (
            (french, english),
            Evidence(kind="translation", score=round(min(0.9, 0.2 + 1.2 * well), 3), count=count),
        )


def _in_common(held: Mapping[str, Collection[int]]) -> dict[tuple[str, str], int]:
    """How many of these two students share; what many share says nothing of two."""
    holders: dict[int, list[str]] = defaultdict(list)
    for who, values in held.items():
        for value in values:
            holders[value].append(who)
    counts: Counter[tuple[str, str]] = Counter()
    for who_all in holders.values():
        if 1 < len(who_all) <= MANY_HOLDERS:
            counts.update((min(p), max(p)) for p in combinations(who_all, 2))
    return dict(counts)


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)
