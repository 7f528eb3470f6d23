"""Kind `correct`: what a model got wrong about a picture is corrected."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from exercises.kinds.base import ExerciseBase, SmallCount


class Correct(ExerciseBase):
    """At least `minimum` claims of a model corrected; `words_minimum`: words on how each was noticed."""

    kind: Literal["correct"] = "correct"
    minimum: Annotated[int, Field(strict=True, ge=1, le=20)] = 1
    words_minimum: SmallCount = 8

    rules: ClassVar[tuple[str, ...]] = ("claim", "truth", "noticed")
    writes: ClassVar[bool] = True
    asks_apis: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(f"correction{number + 1}" for number in range(self.minimum))
