"""Texts in two languages that may be one: sentences are compared by their numbers, names and meanings.

Nothing is translated. A word counts as a meaning of the lexicon, else by its first letters, which French
and English share in many words; numbers and names count as they are. What is found is a text that was
carried over sentence by sentence; one that was told again in other sentences is not.
"""

import re
import tomllib
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from exercises.i18n import Language
from grading.checks.text_rules import plain
from grading.copies.words import sentences

COGNATE = 5  # letters by which a word of no line in the lexicon counts
MIN_MEANINGS = 4  # of a sentence
MAX_SENTENCES = 80
MIN_MATCHED = 4  # sentences
NEAR = 0.2  # how like two sentences are at least
LEAST = 0.24  # how much of the shorter text is matched, each sentence counted as far as it is like
MARGIN = 0.07  # above the next best, for the class writes about the same things
Floats = NDArray[np.float32]
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")


class Sentence(BaseModel):
    """The language of a sentence and the hashes of what it says."""

    model_config = ConfigDict(frozen=True)

    language: Language
    meanings: tuple[int, ...]


def signatures(texts: Iterable[str]) -> tuple[Sentence, ...]:
    """Each longer sentence of these texts, in their order."""
    found = []
    for text in texts:
        for sentence in sentences(text):
            words = _WORD.findall(plain(sentence))
            meant = tuple(sorted({zlib.crc32(m.encode()) for word in words if (m := _meaning(word))}))
            if len(meant) >= MIN_MEANINGS:
                found.append(Sentence(language=_language(words), meanings=meant))
            if len(found) == MAX_SENTENCES:
                return tuple(found)
    return tuple(found)


def translated(
    texts: dict[str, tuple[Sentence, ...]],
) -> list[tuple[str, str, float, int]]:
    """Pairs whose sentences match across the languages: (French, English, how well, how many sentences)."""
    sides = {
        language: {who: own for who, said in texts.items() if len(own := _in(said, language)) >= MIN_MATCHED}
        for language in ("fr", "en")
    }
    if not sides["fr"] or not sides["en"]:
        return []
    vocabulary: dict[int, int] = {}
    everything = [s for side in sides.values() for own in side.values() for s in own]
    counts = Counter(m for s in everything for m in s.meanings)
    for meaning in counts:
        vocabulary[meaning] = len(vocabulary)
    rarity = np.array([np.log((1 + len(everything)) / counts[m]) for m in vocabulary], np.float32)
    english, bounds_en = _matrix(sides["en"], vocabulary, rarity)
    starts_en = [start for start, _ in bounds_en]
    sizes_en = np.array([end - start for start, end in bounds_en])
    scores = np.zeros((len(sides["fr"]), len(bounds_en)))
    matched = np.zeros(scores.shape, int)
    for i, own in enumerate(sides["fr"].values()):
        near = np.stack([_near(sentence, english, vocabulary, rarity) for sentence in own])
        # No more is carried over than each sentence's best, which stands for the score where it is little.
        best = np.maximum.reduceat(near, starts_en, axis=1)
        scores[i] = np.where(best >= NEAR, best, 0.0).sum(0) / np.minimum(sizes_en, len(own))
        for j in np.flatnonzero(scores[i] > LEAST):
            scores[i, j], matched[i, j] = _carried_over(near[:, slice(*bounds_en[j])])
    found = []
    names_fr, names_en = list(sides["fr"]), list(sides["en"])
    for i, j in zip(*np.nonzero(scores > LEAST), strict=True):
        others = max(_next_best(scores[i], j), _next_best(scores[:, j], i))
        if matched[i, j] >= MIN_MATCHED and scores[i, j] - others >= MARGIN:
            found.append((names_fr[i], names_en[j], float(scores[i, j]), int(matched[i, j])))
    return found


def _carried_over(near: Floats) -> tuple[float, int]:
    """How much of the shorter text has a counterpart, half of it counted only where it is in order."""
    best_of_row, best_of_column = near.argmax(1), near.argmax(0)
    matches = [
        (int(column), float(near[row, column]))
        for row, column in enumerate(best_of_row)
        if best_of_column[column] == row and near[row, column] >= NEAR
    ]
    in_order: list[float] = []  # the best that ends with each match
    for i, (column, like) in enumerate(matches):
        before = max((in_order[j] for j in range(i) if matches[j][0] < column), default=0.0)
        in_order.append(like + before)
    total = (sum(like for _, like in matches) + max(in_order, default=0.0)) / 2
    return total / min(near.shape), len(matches)


def _next_best(values: NDArray[np.float64], own: int) -> float:
    return float(np.delete(values, own).max(initial=0.0))


def _near(sentence: Sentence, english: Floats, vocabulary: Mapping[int, int], rarity: Floats) -> Floats:
    """How like a sentence is to each English one."""
    rows = [vocabulary[m] for m in sentence.meanings]
    own = rarity[rows]
    near: Floats = (english[rows] * (own / np.linalg.norm(own))[:, None]).sum(0)
    return near


def _matrix(
    side: Mapping[str, list[Sentence]], vocabulary: Mapping[int, int], rarity: Floats
) -> tuple[Floats, list[tuple[int, int]]]:
    """Each sentence a column of length 1, and which columns are whose."""
    matrix = np.zeros((len(vocabulary), sum(len(own) for own in side.values())), np.float32)
    bounds, column = [], 0
    for own in side.values():
        bounds.append((column, column + len(own)))
        for sentence in own:
            rows = [vocabulary[m] for m in sentence.meanings]
            matrix[rows, column] = rarity[rows]
            column += 1
    return matrix / np.maximum(1e-6, np.linalg.norm(matrix, axis=0)), bounds


def _in(said: tuple[Sentence, ...], language: str) -> list[Sentence]:
    return [sentence for sentence in said if sentence.language == language]


def _language(words: list[str]) -> Language:
    french, english = _function_words()
    return "fr" if sum(w in french for w in words) > sum(w in english for w in words) else "en"


def _meaning(word: str) -> str | None:
    """What a word counts as; None for one that says nothing."""
    if word[0].isdigit():
        return word.replace(",", ".").rstrip("0").rstrip(".") if "." in word.replace(",", ".") else word
    lexicon, (french, english) = _lexicon(), _function_words()
    if word in french or word in english:
        return None
    for end in range(len(word), 1, -1):
        meaning = lexicon.get(word[:end])
        if meaning is not None and (end >= 4 or len(word) - end <= 2):
            return meaning
    return word[:COGNATE] if len(word) >= COGNATE else None


@cache
def _lexicon() -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(_table()["pairs"].split("\n")):
        for word in line.replace(":", " ").split():
            found.setdefault(word, f"={number}")
    return found


@cache
def _function_words() -> tuple[frozenset[str], frozenset[str]]:
    table = _table()
    return frozenset(table["french"].split()), frozenset(table["english"].split())


@cache
def _table() -> dict[str, str]:
    return tomllib.loads(files("grading.copies").joinpath("lexicon.toml").read_text("utf-8"))
