"""Short answers that say nearly the same, so that one person judges them once.

Rule: two answers are alike where they share most of their words, whatever the order, case and accents; a
group is what hangs together so. Nothing follows from it: a person confirms every group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grading.checks.text_rules import plain, words_of

SHARED = 0.6  # of all the different words of both
LONGEST = 60  # words of a short answer


@dataclass(frozen=True)
class Group:
    """Students whose answers are alike, by their keys; `text` is the answer of the first."""

    text: str
    keys: tuple[str, ...]


def groups(answers: Mapping[str, str]) -> list[Group]:
    """Answers by the student's key in groups, the largest first; long ones and those alone are left out."""
    words = {key: frozenset(words_of(text)) for key, text in answers.items() if _is_short(text)}
    found: list[list[str]] = []
    for same in _exactly_same(answers, words):
        near = [group for group in found if any(_alike(words[same[0]], words[key]) for key in group)]
        joined = [key for group in near for key in group] + same
        found = [group for group in found if group not in near] + [joined]
    several = [Group(answers[keys[0]], tuple(keys)) for keys in found if len(keys) > 1]
    return sorted(several, key=lambda group: (-len(group.keys), group.text))


def _exactly_same(answers: Mapping[str, str], words: Mapping[str, frozenset[str]]) -> Sequence[list[str]]:
    """Who wrote the same letter by letter, once each: what is left to compare is then little."""
    same: dict[str, list[str]] = {}
    for key in words:
        same.setdefault(plain(answers[key]), []).append(key)
    return list(same.values())


def _is_short(text: str) -> bool:
    return bool(plain(text)) and len(words_of(text)) <= LONGEST


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SHARED * len(one | other) > 0
