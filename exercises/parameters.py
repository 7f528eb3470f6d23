"""What one picture is asked to be: the parameters of a run, bounded, before a model is chosen.

Names are those of diffusers' pipelines. `size="native"` means the model's own size.
"""

import re
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Mode = Literal["text2img", "img2img"]
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
Steps = Annotated[int, Field(ge=1, le=150)]
GuidanceScale = Annotated[float, Field(ge=0, le=30, allow_inf_nan=False)]
Strength = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]  # above 2**53 a browser would corrupt it


class Parameters(BaseModel):
    """The parameters of one run as an assignment plans them. Image-to-image runs have a strength."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    mode: Mode = "text2img"
    prompt: Prompt
    negative_prompt: Prompt = ""
    width: Side | Literal["native"] = "native"
    height: Side | Literal["native"] = "native"
    steps: Steps = 30
    guidance_scale: GuidanceScale = 7.5
    scheduler: SchedulerName = "EulerA"
    seed: Seed = 42
    strength: Strength | None = None


def is_slug(value: object) -> bool:
    """Whether it can be the id of an exercise, a run, a criterion."""
    return isinstance(value, str) and re.fullmatch(SLUG_PATTERN, value) is not None


def is_assignment_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(ASSIGNMENT_PATTERN, value) is not None


DEFAULT_STRENGTH = 0.6  # of image to image, where a program asks for none
