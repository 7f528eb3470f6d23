"""What a student threw out of a data set and why: `<work>/<assignment>/sorting.json`, beside the manifests.

It is a list of decisions in the order in which they were made; of each picture the newest counts, so that
taking the last one back is leaving it out. No manifest and no picture changes by it. It comes from anybody:
bounded, and read strictly.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, ValidationError

from exercises.parameters import Slug
from manifests.atomic import write_atomic
from manifests.errors import JsonError, ManifestsError
from manifests.manifest import Part
from manifests.reader import read_regular_file
from manifests.strict_json import decoded, parse
from manifests.work_folder import locked

FILE = "sorting.json"
MAX_BYTES = 1024 * 1024
MOST_DECISIONS = 4000

Reason = Literal["background", "unlike", "incomplete", "blurred", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)
Stem = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,127}$")]


class SortingError(ManifestsError):
    """A file of decisions that cannot be read."""


class Decision(Part):
    """A picture is thrown out for a reason, or kept after all (None)."""

    picture: Stem
    out: Reason | None


class Sorted(Part):
    """The decisions of one exercise, the oldest first, and the classes that were looked through."""

    decisions: Annotated[tuple[Decision, ...], Field(max_length=MOST_DECISIONS)] = ()
    looked: Annotated[tuple[Slug, ...], Field(max_length=20)] = ()

    @property
    def thrown(self) -> dict[str, Reason]:
        """The pictures that are out now, with the reason."""
        newest = {each.picture: each.out for each in self.decisions}
        return {picture: reason for picture, reason in newest.items() if reason is not None}

    def deciding(self, picture: str, out: Reason | None) -> "Sorted":
        """With one more decision; of too many the oldest is forgotten."""
        kept = self.decisions[-(MOST_DECISIONS - 1) :]
        return self.model_copy(update={"decisions": (*kept, Decision(picture=picture, out=out))})

    def undone(self) -> "Sorted":
        """Without the last decision."""
        return self.model_copy(update={"decisions": self.decisions[:-1]})

    def looking(self, thing: str, *, done: bool) -> "Sorted":
        """A class was looked through, or was not after all."""
        others = tuple(each for each in self.looked if each != thing)
        return self.model_copy(update={"looked": (*others, thing) if done else others})


class Sorting(Part):
    """The file: the decisions by exercise."""

    exercises: Annotated[dict[Slug, Sorted], Field(max_length=50)] = Field(default_factory=dict)


def read_sorting(data: bytes) -> Sorting:
    """The file's bytes as decisions. Raises SortingError."""
    try:
        parse(data, max_bytes=MAX_BYTES)
        return Sorting.model_validate_json(decoded(data))
    except (JsonError, ValidationError) as error:
        raise SortingError("sorting.unreadable", file=FILE) from error


def sorted_in(folder: Path, exercise: str) -> Sorted:
    """What was decided in an exercise; nothing where there is no file. Raises SortingError."""
    return _read(folder).exercises.get(exercise) or Sorted()


def change(folder: Path, exercise: str, how: Callable[[Sorted], Sorted]) -> Sorted:
    """Make one change and write it down. Raises SortingError (nothing is written over), StoreError."""
    with locked(folder):
        before = _read(folder)
        after = how(before.exercises.get(exercise) or Sorted())
        document = Sorting(exercises={**before.exercises, exercise: after})
        write_atomic(folder / FILE, document.model_dump_json(indent=1).encode())
    return after


def _read(folder: Path) -> Sorting:
    try:
        data = read_regular_file(folder / FILE, MAX_BYTES)
    except FileNotFoundError:
        return Sorting()
    except OSError as error:
        raise SortingError("sorting.unreadable", file=FILE) from error
    return read_sorting(data)
