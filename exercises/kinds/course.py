"""Kind `course`: pictures and a quiz for a lesson; what must be true is checked by a person, who says so."""

from typing import Annotated, Literal

from pydantic import Field

from exercises.kinds.crafted import Crafted


class Course(Crafted):
    """So many pictures and questions at least; what was checked of each picture in at least so many words."""

    kind: Literal["course"] = "course"
    pictures_minimum: Annotated[int, Field(strict=True, ge=2, le=6)] = 3
    questions_minimum: Annotated[int, Field(strict=True, ge=1, le=20)] = 5
    checked_words: Annotated[int, Field(strict=True, ge=1, le=30)] = 6
