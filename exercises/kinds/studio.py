"""Kind `studio`: free work with whatever parameters."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from exercises.kinds.base import ExerciseBase, SmallCount

STUDIO_RUN = "studio"  # what pictures of a studio are recorded as


class Studio(ExerciseBase):
    """At least `minimum` pictures, recorded as run `studio`.

    With `smaller`, a picture for which memory runs out is drawn again smaller.
    """

    kind: Literal["studio"] = "studio"
    minimum: SmallCount = 1
    smaller: Annotated[bool, Field(strict=True)] = False

    rules: ClassVar[tuple[str, ...]] = ("studio",)
    once: ClassVar[bool] = True
    free_run: ClassVar[str | None] = STUDIO_RUN

    @property
    def parts(self) -> tuple[str, ...]:
        return ("pictures",)
