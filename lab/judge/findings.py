"""What was seen in one picture, as types: guesses with probabilities, and numbers with a definition each.

Nothing in here says how a picture was made: that stands in its manifest, which the analyser never reads.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Guess(_Part):
    """A name of the vocabulary (`lab/models/mini/vocabulary.toml`) and how probable the judge finds it."""

    name: str
    probability: Share


class Classification(_Part):
    """How probable the judge finds each name, the most probable first; below `threshold` it is not sure."""

    guesses: Annotated[tuple[Guess, ...], Field(min_length=1)]
    threshold: Share

    @property
    def sure(self) -> str | None:
        """The first guess's name; None where the judge is not sure."""
        first = self.guesses[0]
        return first.name if first.probability >= self.threshold else None


class Swatch(_Part):
    """A named colour and the share of the picture's pixels that are nearest to it."""

    name: str
    share: Share


class Measurements(_Part):
    """Numbers read off the pixels; `lab.judge.measure` says how each is taken.

    `sharpness`: variance of the Laplacian of the luma (0 to 255), no upper bound. `contrast`: the
    luma's standard deviation, `brightness`: its mean, both of 1. `clipped_shadows` and
    `clipped_highlights`: shares of pixels that are black or white. `emptiness`: share of the
    picture's 256 squares in which nothing happens.
    """

    palette: tuple[Swatch, ...]
    sharpness: Annotated[float, Field(ge=0)]
    contrast: Share
    brightness: Share
    clipped_shadows: Share
    clipped_highlights: Share
    emptiness: Share


class Findings(_Part):
    """All that was found in a picture. Text in the picture is not among it: the analyser does not read."""

    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    object: Classification
    color: Classification
    background: Classification
    measurements: Measurements

    @property
    def classifications(self) -> dict[Literal["object", "color", "background"], Classification]:
        """The judge's answers by question."""
        return {"object": self.object, "color": self.color, "background": self.background}
