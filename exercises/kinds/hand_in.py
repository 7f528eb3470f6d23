"""Kind `hand_in`: the record as a whole is unbroken, complete and all of it this student's."""

from typing import ClassVar, Literal

from exercises.kinds.base import ExerciseBase


class HandIn(ExerciseBase):
    kind: Literal["hand_in"] = "hand_in"

    rules: ClassVar[tuple[str, ...]] = ("chain", "owner", "reuse", "complete")
    own_tab: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("record",)
