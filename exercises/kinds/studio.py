"""Kind `studio`: free work with whatever parameters."""

from typing import ClassVar, Literal

from exercises.kinds.base import ExerciseBase, SmallCount

STUDIO_RUN = "studio"  # what pictures of a studio are recorded as


class Studio(ExerciseBase):
    """At least `minimum` pictures, recorded as run `studio`."""

    kind: Literal["studio"] = "studio"
    minimum: SmallCount = 1

    rules: ClassVar[tuple[str, ...]] = ("studio",)
    once: ClassVar[bool] = True
    free_run: ClassVar[str | None] = STUDIO_RUN

    @property
    def parts(self) -> tuple[str, ...]:
        return ("pictures",)
