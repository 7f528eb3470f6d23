"""Kind `dataset`: pictures of a few classes by a plan, and what a small classifier learns of them."""

from collections.abc import Collection
from functools import cached_property
from itertools import product
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from exercises.composed_set import ComposedSet, read_composed
from exercises.faults import Path as KeyPath
from exercises.i18n import Bilingual
from exercises.kinds.base import ExerciseBase, Frozen, Run, SmallCount
from exercises.kinds.planned import common_parameters
from exercises.parameters import Parameters, Slug, is_slug
from exercises.toml_file import TomlFile

BLANKS = ("{thing}", "{colour}", "{background}")  # in the prompt: filled in with the English words
MOST_PICTURES = 400
HELD_OUT = 5  # one picture in so many is kept from teaching
HIGHEST_SEED = 2**32 - 1
LONGEST_ID = 64

Named = Annotated[dict[Slug, Bilingual], Field(min_length=2, max_length=12)]
Rounds = Annotated[int, Field(strict=True, ge=1, le=200)]


class Cell(Frozen):
    """One picture of the plan. `held_out`: it teaches nothing, and is asked about afterwards."""

    run: str
    thing: Slug
    background: Slug
    colour: Slug
    held_out: bool


class Dataset(ExerciseBase):
    """Each class in each colour on each background, each with a seed of its own: the first is `start`'s.

    `composed`: the pictures that no model drew. `thrown_minimum`: how many are to be thrown out at least, and
    `kept_minimum`: how many of each class are to be left. `rounds`: how often teaching shows them.
    """

    kind: Literal["dataset"] = "dataset"
    prompt: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    classes: Annotated[dict[Slug, Bilingual], Field(min_length=2, max_length=8)]
    backgrounds: Named
    colours: Named
    composed: ComposedSet
    thrown_minimum: SmallCount = 1
    kept_minimum: SmallCount = 10
    rounds: Rounds = 40
    words_minimum: SmallCount = 25
    start: Parameters

    rules: ClassVar[tuple[str, ...]] = ("all_drawn", "sorted", "trained", "as_recorded", "lesson")
    writes: ClassVar[bool] = True

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The plan, class by class, background by background."""
        found = []
        for thing, (across, background), (down, colour) in product(
            self.classes, enumerate(self.backgrounds), enumerate(self.colours)
        ):
            run = f"{self.id}_{thing}_{background}_{colour}"
            held_out = (across + down) % HELD_OUT == 0
            found.append(Cell(run=run, thing=thing, background=background, colour=colour, held_out=held_out))
        return tuple(found)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The same as runs."""
        return tuple(
            Run(id=cell.run, parameters=self._parameters(cell, number))
            for number, cell in enumerate(self.cells)
        )

    @property
    def recorded(self) -> tuple[str, ...]:
        return tuple(cell.run for cell in self.cells)

    @property
    def parts(self) -> tuple[str, ...]:
        return ("pictures", "plain", "biased", "words")

    def _parameters(self, cell: Cell, number: int) -> Parameters:
        words = (self.classes[cell.thing], self.colours[cell.colour], self.backgrounds[cell.background])
        prompt = self.prompt
        for blank, word in zip(BLANKS, words, strict=True):
            prompt = prompt.replace(blank, word.en)
        return self.start.model_copy(update={"prompt": prompt, "seed": self.start.seed + number})

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """What all pictures have in common, and those that no model drew."""
        if "start" in table:
            raise file.error((*at, "start"), "unknown")
        table["start"] = common_parameters(file, at, table)
        _check_lengths(file, at, table)
        named = table.get("composed")
        if not is_slug(named):
            raise file.error((*at, "composed"), "slug")
        table["composed"] = read_composed(file.path.parent, str(named))

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        for blank in BLANKS:
            if blank not in self.prompt:
                raise file.error((*at, "prompt"), "pattern", pattern=blank)
        if len(self.cells) > MOST_PICTURES:
            raise file.error((*at, "colours"), "items_at_most", max_length=MOST_PICTURES)
        if self.start.seed + len(self.cells) > HIGHEST_SEED:
            raise file.error((*at, "parameters", "seed"), "at_most", le=HIGHEST_SEED - len(self.cells))
        if self.kept_minimum > len(self.backgrounds) * len(self.colours):
            raise file.error((*at, "kept_minimum"), "at_most", le=len(self.backgrounds) * len(self.colours))
        shown = {shows.thing for shows in self.composed.shows}
        if shown != set(self.classes):
            raise file.error((*at, "composed"), "one_of", expected=", ".join(self.classes))


def _check_lengths(file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
    """The names of the runs, which are made of four ids, are no longer than an id may be."""
    named = [table.get(name) for name in ("classes", "backgrounds", "colours")]
    longest = sum(max(map(len, each), default=0) + 1 for each in named if isinstance(each, dict))
    if len(table["id"]) + longest > LONGEST_ID:
        raise file.error((*at, "id"), "text_at_most", max_length=max(LONGEST_ID - longest, 1))
