"""What one picture is asked to be: the parameters of a run, bounded, before a model is chosen.

Names are those of diffusers' pipelines. A side "native" is the model's own, "safe" three quarters of it: what
is asked for where memory or time does not do (512 becomes 384).
"""

import re
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Mode = Literal["text2img", "img2img", "inpaint", "control"]
WITH_STRENGTH: tuple[Mode, ...] = ("img2img", "inpaint")  # the modes that begin with a picture
FROM_SOURCE: tuple[Mode, ...] = (*WITH_STRENGTH, "control")  # those that are given one
SchedulerName = Literal["EulerA", "Euler", "DDIM", "DPM++ 2M", "UniPC"]
SCHEDULERS: tuple[SchedulerName, ...] = get_args(SchedulerName)

SLUG_PATTERN = "[a-z0-9][a-z0-9_]{0,63}"
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG_PATTERN}$")]
ASSIGNMENT_PATTERN = (
    "[a-z0-9][a-z0-9_-]{0,63}"  # a folder's name; a run's has no dash, for the attempt follows one
)
AssignmentId = Annotated[str, StringConstraints(pattern=f"^{ASSIGNMENT_PATTERN}$")]
Prompt = Annotated[str, StringConstraints(max_length=2000)]
Side = Annotated[int, Field(ge=64, le=2048, multiple_of=8)]
NamedSide = Literal["native", "safe"]
Steps = Annotated[int, Field(ge=1, le=150)]
GuidanceScale = Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)]
Strength = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
ControlScale = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # above 2**53 a browser would corrupt it


class Parameters(BaseModel):
    """A run's parameters as an assignment plans them.

    Those that begin with a picture have a strength; those that are led by outlines (mode "control") a
    `control_scale`: how much they are led.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mode: Mode = "text2img"
    prompt: Prompt
    negative_prompt: Prompt = ""
    width: Side | NamedSide = "native"
    height: Side | NamedSide = "native"
    steps: Steps = 30
    guidance_scale: GuidanceScale = 7.5
    scheduler: SchedulerName = "EulerA"
    seed: Seed = 42
    strength: Strength | None = None
    control_scale: ControlScale | None = None


def side_of(asked: int | NamedSide, native: int) -> int:
    """A side in pixels, for a model whose own is `native`."""
    if isinstance(asked, int):
        return asked
    return native if asked == "native" else safe_sides(native)[0]


def safe_sides(native: int) -> tuple[int, int]:
    """What a side may shrink to where memory runs out, the larger one first: 384 and 256 of 512."""
    return _eighths(native * 3 // 4), _eighths(native // 2)


def _eighths(side: int) -> int:
    return max(side // 8 * 8, 64)


def is_slug(value: object) -> bool:
    """Whether it can be the id of an exercise, a run, a criterion."""
    return isinstance(value, str) and re.fullmatch(SLUG_PATTERN, value) is not None


def is_assignment_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(ASSIGNMENT_PATTERN, value) is not None


SAFE_STEPS = 15  # at most, where memory or time does not do
DEFAULT_STRENGTH = 0.6  # of image to image, where a program asks for none
