"""The pictures of an exercise `dataset`, and teaching the small network on those that were kept.

Rule: which pictures teach follows from the plan, what was thrown out and the bias (`crafts/learning.py`), and
the card's figures are those that the network gives when NumPy asks it, as the grade will. A stop keeps
nothing: teaching takes seconds.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from threading import Event as Flag

import numpy as np

from crafts.errors import CraftError
from crafts.learning import Split, asked, asked_composed
from crafts.small_net import Pixels, read_weights, seen
from exercises.errors import CatalogueError, SystemReason
from exercises.kinds import Dataset
from exercises.kinds.dataset import Cell
from lab.engine.protocol import Cancelled, Failed, Step
from lab.jobs.batch import Batch, Row
from lab.jobs.protocol import Stored
from manifests.classifiers import Bias, Card, Pictured, Settings, save
from manifests.pictures import MAX_BYTES, open_picture
from manifests.png import pixels_sha256
from manifests.reader import read_regular_file
from manifests.sorting import sorted_in
from manifests.store import Record, Store

log = logging.getLogger(__name__)


class DatasetError(CatalogueError):
    """What stands in the way of drawing or teaching; nothing was begun."""

    package = "lab"


@dataclass(frozen=True)
class Learning(Step):
    """A round of teaching; `right`: which share of the pictures shown was named rightly."""

    loss: float = 0.0
    right: float = 0.0


@dataclass(frozen=True)
class ClassifierSaved(Stored):
    """The network is on disk with its card."""

    card: Card


def planned(exercise: Dataset) -> Batch:
    """The plan as a batch: drawn together, stopped and gone on with as any list."""
    rows = [Row(number, run.id, run.parameters) for number, run in enumerate(exercise.runs, start=1)]
    return Batch(exercise.id, rows, exercise.id)


class Training:
    """`events()` is for one reader, and gives ClassifierSaved last, or how it ended otherwise."""

    def __init__(
        self, store: Store, exercise: Dataset, model: str, settings: Settings, bias: Bias | None
    ) -> None:
        """Raises DatasetError, SortingError for what cannot be taught."""
        self.store, self.exercise, self.settings, self.bias = store, exercise, settings, bias
        self._stop = Flag()
        self._records = planned(exercise).made(store, model)
        missing = sum(cell.run not in self._records for cell in exercise.cells)
        if missing:
            raise DatasetError("dataset.draw_first", count=missing)
        if bias and not (bias.thing in exercise.classes and bias.background in exercise.backgrounds):
            raise DatasetError("dataset.no_bias")
        thrown = sorted_in(store.folder, exercise.id).thrown
        self._out = {run: record.stem for run, record in self._records.items() if record.stem in thrown}
        self._split = Split.of(exercise, self._out, bias)
        try:
            self._split.check(exercise)
        except CraftError as error:
            raise DatasetError("dataset.cannot", reason=error) from error

    def cancel(self) -> None:
        """Stop after the round."""
        self._stop.set()

    def events(self) -> Iterator[object]:
        """Teach to the end, ask, and keep."""
        from lab.engine.classifying import Classroom

        began, settings = time.monotonic(), self.settings
        try:
            place = {thing: number for number, thing in enumerate(self.exercise.classes)}
            pixels = self._pixels(self._split.taught)
            right = np.array([place[cell.thing] for cell in self._split.taught], np.int64)
            classroom = Classroom(pixels, right, len(place), settings)
            rounds: list[tuple[int, float, float]] = []
            for number in range(1, settings.rounds + 1):
                if self._stop.is_set():
                    yield Cancelled()
                    return
                loss, share = classroom.round()
                rounds.append((number, round(loss, 6), round(share, 4)))
                passed = time.monotonic() - began
                left = passed / number * (settings.rounds - number)
                yield Learning(number, settings.rounds, passed, left, loss=loss, right=share)
            yield self._keep(classroom.weights(), tuple(rounds), began)
        except (CatalogueError, OSError) as error:
            log.warning("The classifier of %s could not be taught: %s", self.exercise.id, error)
            reason = error if isinstance(error, CatalogueError) else SystemReason(error)
            yield Failed("not_saved", {"reason": reason})

    def _keep(
        self, data: bytes, rounds: tuple[tuple[int, float, float], ...], began: float
    ) -> ClassifierSaved:
        from lab.engine.denoise import versions

        exercise, split = self.exercise, self._split
        weights, digest = read_weights(data, len(exercise.classes)), sha256(data).hexdigest()
        things = [cell.thing for cell in split.held_out]
        card = Card(
            file=f"{exercise.id}-{'biased' if self.bias else 'plain'}-{digest[:8]}.safetensors",
            sha256=digest,
            student=self.store.student,
            assignment=self.store.folder.name,
            exercise=exercise.id,
            classes=tuple(exercise.classes),
            bias=self.bias,
            settings=self.settings,
            taught=self._pictured(split.taught),
            held_out=self._pictured(split.held_out),
            thrown=tuple(sorted(self._out.values())),
            composed_sha256=exercise.composed.sha256,
            on_held_out=asked(exercise, weights, self._pixels(split.held_out), things),
            on_composed=asked_composed(exercise, weights),
            rounds=rounds,
            seconds=round(time.monotonic() - began, 2),
            versions=versions(),
            time=datetime.now(UTC),
        )
        save(self.store.folder, data, card)
        return ClassifierSaved(card)

    def _pixels(self, cells: tuple[Cell, ...]) -> Pixels:
        """What the network looks at. Raises DatasetError, PictureError, OSError."""
        pictures = []
        for cell in cells:
            record = self._records[cell.run]
            picture = open_picture(read_regular_file(record.image_path, MAX_BYTES))
            if pixels_sha256(picture) != record.manifest.image.pixels_sha256:
                raise DatasetError("dataset.changed", file=record.image_path.name)
            pictures.append(picture)
        return seen(pictures)

    def _pictured(self, cells: tuple[Cell, ...]) -> tuple[Pictured, ...]:
        return tuple(_told(self._records, cell) for cell in cells)


def _told(records: Mapping[str, Record], cell: Cell) -> Pictured:
    record = records[cell.run]
    return Pictured(stem=record.stem, pixels_sha256=record.manifest.image.pixels_sha256)
