"""Kind `iterate`: a prompt improved step by step, each step a picture, and the last better than the first."""

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, SmallCount, check_all_unique
from exercises.kinds.evaluation import Criterion
from exercises.kinds.planned import common_parameters
from exercises.parameters import Parameters
from exercises.toml_file import TomlFile

ITERATION_RUN = "iteration"  # what the pictures of the steps are recorded as


class Iterate(ExerciseBase):
    """At least `minimum` steps; only the prompts change. `start` is the first step's plan, with its prompt.

    `words_minimum`: words on what was changed in a step and why. The criteria are the student's own grid.
    """

    kind: Literal["iterate"] = "iterate"
    minimum: Annotated[int, Field(strict=True, ge=2, le=20)] = 3
    words_minimum: SmallCount = 5
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=10)
    start: Parameters

    rules: ClassVar[tuple[str, ...]] = ("steps", "only_prompts", "scored", "better", "why_steps")
    writes: ClassVar[bool] = True
    once: ClassVar[bool] = True
    free_run: ClassVar[str | None] = ITERATION_RUN

    @property
    def parts(self) -> tuple[str, ...]:
        return ("steps",)

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The parameters that all steps share."""
        if "start" in table:
            raise file.error((*at, "start"), "unknown")
        table["start"] = common_parameters(file, at, table)

    def check(self, file: TomlFile, at: KeyPath, runs: Collection[str]) -> None:
        check_all_unique(file, (*at, "criteria"), [criterion.id for criterion in self.criteria])
