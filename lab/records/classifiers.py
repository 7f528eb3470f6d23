"""The newest classifiers of an exercise `dataset`, and what they answer in front of one background."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cachetools import LRUCache, cached

from crafts.errors import CraftError
from crafts.learning import by_background
from crafts.small_net import read_weights
from exercises.kinds import Dataset
from manifests.classifiers import Bias, Card, ClassifierError, Matrix, cards, read
from manifests.errors import PictureError


@dataclass(frozen=True)
class Newest:
    """The newest of each sort; None where there is none."""

    plain: Card | None
    biased: Card | None

    @classmethod
    def of(cls, folder: Path, exercise: Dataset) -> "Newest":
        classes = tuple(exercise.classes)
        kept = [card for card in cards(folder, exercise.id) if card.classes == classes]
        by_sort = {card.sort: card for card in kept}
        return cls(by_sort.get("plain"), by_sort.get("biased"))


@dataclass(frozen=True)
class InFront:
    """Shares of the composed pictures, in front of a background and in front of the others."""

    right: tuple[float, float]  # of the thing's pictures, named rightly
    taken: tuple[float, float]  # of the other things' pictures, named as the thing


def in_front(folder: Path, exercise: Dataset, card: Card, bias: Bias) -> InFront | None:
    """What a classifier makes of a bias's thing and background; None where it cannot be asked."""
    try:
        one, other = _asked(exercise, card, read(folder, card), bias.background)
    except (ClassifierError, CraftError, PictureError, OSError):
        return None
    place = list(exercise.classes).index(bias.thing)
    shares = [(_right(found, place), _taken(found, place)) for found in (one, other)]
    return InFront((shares[0][0], shares[1][0]), (shares[0][1], shares[1][1]))


def _right(found: Matrix, place: int) -> float:
    return found[place][place] / (sum(found[place]) or 1)


def _taken(found: Matrix, place: int) -> float:
    others = [row for number, row in enumerate(found) if number != place]
    return sum(row[place] for row in others) / (sum(map(sum, others)) or 1)


@cached(
    LRUCache(maxsize=32),
    key=lambda exercise, card, data, background: (card.sha256, exercise.composed.sha256, background),
    lock=Lock(),
)
def _asked(exercise: Dataset, card: Card, data: bytes, background: str) -> tuple[Matrix, Matrix]:
    return by_background(exercise, read_weights(data, len(card.classes)), background)
