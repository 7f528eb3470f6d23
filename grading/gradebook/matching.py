"""Whose score is whose line: by an equal user name, e-mail, id or login, or not at all.

A submission that fits no line, or several, and a line that several submissions fit, are a list for a person.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from grading.gradebook.scores import Score
from grading.gradebook.sheet import Sheet

# By what a person is known: user name, e-mail, id and login, as platforms call them in English and in French.
TITLES = {
    "username": ("username", "user name", "user", "nom d'utilisateur", "identifiant", "student", "login"),
    "email": ("email", "email address", "e-mail", "mail", "adresse de courriel", "courriel"),
    "idnumber": (
        "idnumber",
        "id number",
        "numéro d'identification",
        "sis user id",
        "student id",
        "numéro étudiant",
    ),
    "id": ("id", "user id"),
    "login": ("sis login id", "login id"),
}


@dataclass
class Matched:
    """Scores by the row of the roster, and those for which there is no one row."""

    rows: dict[int, Score] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)


def match(scores: Iterable[Score], sheet: Sheet, *, without: Iterable[str] = ()) -> Matched:
    """By the columns of TITLES. `without`: names of which this sheet's columns mean something else."""
    titles = {name: t for name, t in TITLES.items() if name not in without}
    return match_in(scores, sheet, {c for t in titles.values() if (c := sheet.column(*t)) is not None})


def match_in(scores: Iterable[Score], sheet: Sheet, columns: Collection[int]) -> Matched:
    """By these columns."""
    holders: dict[str, set[int]] = {}
    for number, row in enumerate(sheet.rows):
        for column in columns:
            if key := _key(row[column]):
                holders.setdefault(key, set()).add(number)
    return settle([(score, holders.get(_key(score.student), set())) for score in scores])


def settle(found: Sequence[tuple[Score, set[int]]]) -> Matched:
    """One score for one row: whatever else there is, nobody guesses."""
    taken = Counter(row for _, rows in found for row in rows)
    matched = Matched()
    for score, rows in found:
        row = next(iter(rows)) if len(rows) == 1 else None
        if row is not None and taken[row] == 1:
            matched.rows[row] = score
        else:
            matched.unmatched.append(score.student)
    return matched


def _key(value: str) -> str:
    return value.strip().casefold()
