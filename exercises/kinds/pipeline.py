"""Kind `pipeline`: draw, let a model look and say a better prompt, draw again, until it is good enough."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, SmallCount
from exercises.kinds.planned import common_parameters
from exercises.parameters import Parameters
from exercises.toml_file import TomlFile

ROUND_RUN = "round"  # what the pictures of the rounds are recorded as


class Pipeline(ExerciseBase):
    """At most `rounds` rounds; fewer where a picture is good enough, or the rounds have cost `budget`.

    `good_enough`: how much of what is looked for has to be found, 1 for all. `budget` is in the providers'
    own currency; pictures and opinions of this machine cost nothing. `new_seed`: each round has the seed that
    follows; else only the prompt changes. `start` is the first round's plan; its prompt says what is wanted.
    """

    kind: Literal["pipeline"] = "pipeline"
    rounds: Annotated[int, Field(strict=True, ge=2, le=10)] = 4
    good_enough: Annotated[float, Field(strict=True, gt=0, le=1)] = 1.0
    budget: Annotated[float, Field(strict=True, gt=0, le=1000)] | None = None
    new_seed: Annotated[bool, Field(strict=True)] = True
    words_minimum: SmallCount = 20
    start: Parameters

    rules: ClassVar[tuple[str, ...]] = ("rounds", "looked_at", "best", "why")
    writes: ClassVar[bool] = True
    once: ClassVar[bool] = True
    free_run: ClassVar[str | None] = ROUND_RUN
    asks_apis: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("rounds", "best")

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The first round's parameters."""
        if "start" in table:
            raise file.error((*at, "start"), "unknown")
        table["start"] = common_parameters(file, at, table)
