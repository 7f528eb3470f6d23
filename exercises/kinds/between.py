"""Kind `between`: a film from one picture to another, of another prompt, another seed, or both."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from exercises.faults import Path as KeyPath
from exercises.kinds.base import ExerciseBase, SmallCount
from exercises.kinds.planned import common_parameters
from exercises.parameters import Parameters
from exercises.toml_file import TomlFile

BETWEEN_RUN = "frame"  # its attempts are the frames of every film
LEAST_FRAMES, MOST_FRAMES = 5, 24


class BetweenTwo(ExerciseBase):
    """A whole film of the student's own counts, with what they saw on the way.

    `start`: the parameters of all frames, besides the two ends' prompts and seeds.
    """

    kind: Literal["between"] = "between"
    start: Parameters
    frames_minimum: Annotated[int, Field(strict=True, ge=LEAST_FRAMES, le=MOST_FRAMES)] = 8
    words_minimum: SmallCount = 20

    rules: ClassVar[tuple[str, ...]] = ("film", "film_pictures", "film_text")
    writes: ClassVar[bool] = True
    own_tab: ClassVar[bool] = False
    free_run: ClassVar[str | None] = BETWEEN_RUN

    @property
    def parts(self) -> tuple[str, ...]:
        return ("film", "text")

    @classmethod
    def plan(cls, file: TomlFile, at: KeyPath, table: dict[str, Any]) -> None:
        """The assignment's parameters and its own; a scheduler that adds no noise where none is named."""
        parameters = table.get("parameters", {})
        if isinstance(parameters, dict):
            table["parameters"] = {"scheduler": "DDIM", **parameters}
        table["start"] = common_parameters(file, at, table)
