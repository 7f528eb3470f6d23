"""The manifest: everything that is known about one picture, in one JSON document.

Reading is strict: what a student hands in is untrusted, so every field is bounded, unknown
fields are refused, and numbers must be numbers.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from exercises.parameters import GuidanceScale, Mode, Prompt, SchedulerName, Seed, Slug, Steps, Strength

SCHEMA: Literal["genai-lab/manifest/1"] = "genai-lab/manifest/1"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Pixels = Annotated[int, Field(ge=1, le=8192)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, json_schema_serialization_defaults_required=True
    )


class Source(_Part):
    """The picture an image-to-image run began with, kept in `inputs/` as it was uploaded."""

    file: FileName
    sha256: Sha256


class Request(_Part):
    """What was asked of the engine. `strength` and `source` belong to image-to-image alone."""

    mode: Mode
    prompt: Prompt
    negative_prompt: Prompt
    width: Pixels
    height: Pixels
    steps: Steps
    guidance_scale: GuidanceScale
    scheduler: SchedulerName
    seed: Seed
    strength: Strength | None = None
    source: Source | None = None


class Model(_Part):
    id: Name
    repository: Name
    revision: Name
    weights_sha256: Sha256 | None = None


class Versions(_Part):
    python: Name
    torch: Name
    diffusers: Name
    transformers: Name
    genai_lab: Name


class Image(_Part):
    """The file beside the manifest; `pixels_sha256` is of the RGB bytes, whatever the file format."""

    file: FileName
    bytes: Count
    width: Pixels
    height: Pixels
    sha256: Sha256
    pixels_sha256: Sha256


class Cost(_Part):
    """What an API said the picture cost, and its usage as it was reported."""

    amount: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    usage: dict[Name, Count] = Field(default_factory=dict, max_length=50)


class Manifest(_Part):
    """One picture's record. `manifests.chain.sealed` makes one with the right `digest`."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["genai-lab/manifest/1"] = Field(default=SCHEMA, alias="schema")
    student: Name
    assignment: Slug
    exercise: Slug
    run: Slug
    attempt: Annotated[int, Field(ge=1, le=100_000)]
    time: AwareDatetime
    request: Request
    effective_steps: Annotated[int, Field(ge=0, le=1000)]
    model: Model
    versions: Versions
    device: Name
    dtype: Name
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 1
    batch_index: Annotated[int, Field(ge=0, le=1023)] = 0
    seconds: Seconds
    image: Image
    cost: Cost | None = None
    sequence: Annotated[int, Field(ge=1, le=1_000_000)]
    previous: Sha256 | None
    digest: Sha256


__all__ = ["SCHEMA", "Cost", "Image", "Manifest", "Model", "Request", "Source", "Versions"]
