"""Short answers that say nearly the same, so that one person judges them once.

Rule: two answers are alike where they share most of their words, whatever the order, case and accents; a
group is what hangs together so. Nothing follows from it: a person confirms every group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grading.checks.text_rules import words_of

SHARED = 0.6  # of all the different words of both
LONGEST = 60  # words of a short answer


@dataclass(frozen=True)
class Group:
    """Students whose answers are alike, by their keys; `text` is the answer of the first."""

    text: str
    keys: tuple[str, ...]


def groups(answers: Mapping[str, str]) -> list[Group]:
    """Answers by the student's key in groups, the largest first; long ones and those alone are left out."""
    words: dict[str, frozenset[str]] = {}
    for key, text in answers.items():
        used = words_of(text)
        if 0 < len(used) <= LONGEST:
            words[key] = frozenset(used)
    found: list[list[str]] = []
    for same in _with_the_same_words(words):
        near = [group for group in found if any(_alike(words[same[0]], words[key]) for key in group)]
        joined = [key for group in near for key in group] + same
        found = [group for group in found if group not in near] + [joined]
    several = [Group(answers[keys[0]], tuple(keys)) for keys in found if len(keys) > 1]
    return sorted(several, key=lambda group: (-len(group.keys), group.text))


def _with_the_same_words(words: Mapping[str, frozenset[str]]) -> Sequence[list[str]]:
    """Whose words are the same, together: what is left to compare is then little."""
    same: dict[frozenset[str], list[str]] = {}
    for key, used in words.items():
        same.setdefault(used, []).append(key)
    return list(same.values())


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    fewer, more = sorted((len(one), len(other)))
    if fewer < SHARED * more or not more:
        return False
    both = len(one & other)
    return both >= SHARED * (fewer + more - both)
