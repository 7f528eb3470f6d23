"""What the kinds have in common in which something is made of the student's own pictures.

Each is made by a program with settings, and kept with its figures, which the grade works out again.
"""

from typing import ClassVar

from exercises.kinds.base import ExerciseBase, SmallCount


class Crafted(ExerciseBase):
    """Made of pictures of this assignment; at least `words_minimum` words are written about it."""

    words_minimum: SmallCount = 25

    rules: ClassVar[tuple[str, ...]] = ("made", "from_own", "worked_out", "as_asked", "about_it")
    writes: ClassVar[bool] = True

    @property
    def parts(self) -> tuple[str, ...]:
        return ("piece", "words")
