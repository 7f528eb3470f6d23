"""Which pictures of a data set teach a classifier, which it is asked about, and how it answered.

Rule: all of it follows from the plan, what was thrown out, the bias, the pictures and the network; so the
grade works it out again, and needs no torch for that. What does not follow is that the network was taught on
these pictures and no others.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crafts.errors import CraftError
from crafts.small_net import Pixels, Weights, answers, seen
from exercises.composed_set import ComposedSet
from exercises.kinds.dataset import Cell, Dataset
from manifests.classifiers import Bias, Matrix
from manifests.pictures import open_picture


@dataclass(frozen=True)
class Split:
    """The cells of a plan that teach, and those that are held out; `out` are runs that were thrown out."""

    taught: tuple[Cell, ...]
    held_out: tuple[Cell, ...]

    @classmethod
    def of(cls, exercise: Dataset, out: Collection[str], bias: Bias | None) -> "Split":
        kept = [cell for cell in exercise.cells if cell.run not in out and _belongs(cell, bias)]
        return cls(
            tuple(cell for cell in kept if not cell.held_out), tuple(cell for cell in kept if cell.held_out)
        )

    def check(self, exercise: Dataset) -> None:
        """Every class teaches something. Raises CraftError."""
        there = {cell.thing for cell in self.taught}
        for thing in exercise.classes:
            if thing not in there:
                raise CraftError("net.too_few", thing=thing)


def _belongs(cell: Cell, bias: Bias | None) -> bool:
    """Whether a picture is part of the biased set; all are where there is no bias."""
    return bias is None or (cell.thing == bias.thing) == (cell.background == bias.background)


def composed_pixels(composed: ComposedSet) -> Pixels:
    """The pictures of a sheet as a network looks at them. Raises CraftError, PictureError."""
    sheet = open_picture(composed.sheet)
    if sheet.size != composed.size:
        raise CraftError("net.sheet", width=composed.size[0], height=composed.size[1])
    side = composed.side
    return seen([sheet.crop((x, y, x + side, y + side)) for x, y in composed.corners])


def matrix(named: NDArray[np.int64], right: Sequence[int], classes: int) -> Matrix:
    """How often each class (a row) was named as which (a column)."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (np.asarray(right, int), named), 1)
    return tuple(tuple(int(count) for count in row) for row in counts)


def asked(exercise: Dataset, weights: Weights, pictures: Pixels, things: Iterable[str]) -> Matrix:
    """The matrix of a network's answers to pictures of these things."""
    place = {thing: number for number, thing in enumerate(exercise.classes)}
    return matrix(answers(weights, pictures), [place[thing] for thing in things], len(place))


def asked_composed(exercise: Dataset, weights: Weights) -> Matrix:
    """The same for the composed pictures. Raises CraftError, PictureError."""
    things = [shows.thing for shows in exercise.composed.shows]
    return asked(exercise, weights, composed_pixels(exercise.composed), things)


def share_right(found: Matrix) -> float | None:
    """Which share was named rightly; None where nothing was asked."""
    total = sum(map(sum, found))
    return sum(row[place] for place, row in enumerate(found)) / total if total else None


def shares_by_class(found: Matrix) -> list[float | None]:
    """The same for each class."""
    return [row[place] / sum(row) if sum(row) else None for place, row in enumerate(found)]


def otherwise(recorded: Matrix, found: Matrix) -> int:
    """How many answers at least are not as they were recorded."""
    pairs = [
        (a, b) for one, other in zip(recorded, found, strict=True) for a, b in zip(one, other, strict=True)
    ]
    return max(sum(max(a - b, 0) for a, b in pairs), sum(max(b - a, 0) for a, b in pairs))


def by_background(exercise: Dataset, weights: Weights, background: str) -> tuple[Matrix, Matrix]:
    """The composed pictures in front of this background, and those in front of the others.

    Raises CraftError, PictureError.
    """
    pixels, shows = composed_pixels(exercise.composed), exercise.composed.shows
    before = [i for i, each in enumerate(shows) if each.background == background]
    others = [i for i, each in enumerate(shows) if each.background != background]
    one, other = (
        asked(exercise, weights, pixels[places], [shows[i].thing for i in places])
        for places in (before, others)
    )
    return one, other
