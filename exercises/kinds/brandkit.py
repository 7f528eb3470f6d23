"""Kind `brandkit`: a palette with readable text, words for its mood, product shots measured against it."""

from typing import Annotated, Literal

from pydantic import Field

from exercises.kinds.crafted import Crafted


class Brandkit(Crafted):
    """At least so many colours, moods, shots, and pairs of colours with a contrast that does for text."""

    kind: Literal["brandkit"] = "brandkit"
    colours_minimum: Annotated[int, Field(strict=True, ge=3, le=8)] = 4
    moods_minimum: Annotated[int, Field(strict=True, ge=1, le=6)] = 3
    shots_minimum: Annotated[int, Field(strict=True, ge=1, le=6)] = 3
    pairs_minimum: Annotated[int, Field(strict=True, ge=1, le=12)] = 2
