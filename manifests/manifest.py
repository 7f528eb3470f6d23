"""The manifest: everything that is known about one picture, in one JSON document.

Reading is strict: what a student hands in is untrusted, so every field is bounded, unknown
fields are refused, and numbers must be numbers.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticKnownError

from exercises.kinds.code import CodeText
from exercises.parameters import (
    AssignmentId,
    ControlScale,
    GuidanceScale,
    Mode,
    Prompt,
    SchedulerName,
    Seed,
    Slug,
    Steps,
    Strength,
)
from manifests.moments import Moment
from manifests.receipts import Envelope
from manifests.service import Service

SCHEMA: Literal["genai-lab/manifest/1"] = "genai-lab/manifest/1"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Pixels = Annotated[int, Field(ge=1, le=8192)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, json_schema_serialization_defaults_required=True
    )


class Source(Part):
    """The picture an image-to-image run began with, kept in `inputs/` as it was uploaded."""

    file: FileName
    sha256: Sha256


class Mask(Source):
    """Which part of the source is drawn anew, kept in `inputs/` as a grayscale PNG of the request's size.

    White is changed, black is kept, gray is mixed. `padding`: the smallest rectangle around the part, and so
    many pixels more on each side, is drawn at the full size; None: the whole picture is.
    """

    padding: Annotated[int, Field(ge=0, le=1024)] | None = None


class Between(Part):
    """The other end of a way from one picture to another, and the place on it: 0 is the request's own end."""

    prompt: Prompt
    seed: Seed
    place: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


Word = Annotated[str, StringConstraints(pattern=r"^[a-z]{3,16}$")]  # a new one, that an adapter teaches
AdapterFile = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,63}\.safetensors$")]
Scale = Annotated[float, Field(ge=0, le=1.5, allow_inf_nan=False)]


class Adapter(Part):
    """A LoRA that the model drew with, kept in `adapters/`: the word it teaches, and how strong it was.

    At scale 0 it is not loaded: the picture is the model's own.
    """

    file: AdapterFile
    sha256: Sha256
    word: Word
    scale: Scale


class Request(Part):
    """What was asked of the engine. `strength` and `source` belong to what begins with a picture, `mask` to
    inpainting; `between` makes it a frame on the way to another picture; `adapters` were taught by a student.
    In mode "control" the source is a picture of outlines, and `control_scale` says how much they lead.

    The last four are left out where there are none, so that manifests from before them keep their digests.
    """

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
    mask: Mask | None = Field(default=None, exclude_if=lambda value: value is None)
    between: Between | None = Field(default=None, exclude_if=lambda value: value is None)
    control_scale: ControlScale | None = Field(default=None, exclude_if=lambda value: value is None)
    adapters: tuple[Adapter, ...] = Field(default=(), max_length=3, exclude_if=lambda value: not value)

    @field_validator("adapters")
    @classmethod
    def _each_word_once(cls, adapters: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
        words = len({adapter.word for adapter in adapters})
        if words < len(adapters):
            raise PydanticKnownError(
                "too_long", {"field_type": "Tuple", "max_length": words, "actual_length": len(adapters)}
            )
        return adapters


class Tried(Part):
    """Who was asked before the answer came, and why that gave none (`reason`: an error's code)."""

    provider: Name
    model: Annotated[str, StringConstraints(max_length=200)]
    reason: Name


class ApiRequest(Part):
    """What was asked of a provider behind an API: no steps or scheduler, which are its own business.

    `width` and `height` are null where they were left to the provider, `seed` where it is not known. `mask`:
    which part of the source it was told to change.
    """

    mode: Mode
    prompt: Prompt
    width: Pixels | None = None
    height: Pixels | None = None
    seed: Seed | None = None
    source: Source | None = None
    tried: tuple[Tried, ...] = Field(default=(), max_length=100)
    mask: Mask | None = Field(default=None, exclude_if=lambda value: value is None)
    cached: bool = False


def _maker(value: Any) -> str:
    told = value if isinstance(value, dict) else vars(value) if isinstance(value, BaseModel) else ()
    return "api" if "tried" in told else "engine"


AnyRequest = Annotated[
    Annotated[Request, Tag("engine")] | Annotated[ApiRequest, Tag("api")], Discriminator(_maker)
]


class Model(Part):
    """Which model it was; of an API's, `repository` is the provider and `revision` is `api`.

    `controlnet_sha256`: the weights by which outlines led it.
    """

    id: Name
    repository: Name
    revision: Name
    weights_sha256: Sha256 | None = None
    controlnet_sha256: Sha256 | None = Field(default=None, exclude_if=lambda value: value is None)


class Versions(Part):
    python: Name
    torch: Name
    diffusers: Name
    transformers: Name
    genai_lab: Name


class Image(Part):
    """The file beside the manifest; `pixels_sha256` is of the RGB bytes, whatever the file format."""

    file: FileName
    bytes: Count
    width: Pixels
    height: Pixels
    sha256: Sha256
    pixels_sha256: Sha256


Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Cost(Part):
    """What an API said the picture cost, and its usage as it was reported."""

    amount: Amount
    currency: Currency
    usage: dict[Name, Count] = Field(default_factory=dict, max_length=50)


class Charge(Part):
    """A cost with where it is known from; `amount` is null where `origin` is `unknown`."""

    amount: Amount | None
    currency: Currency
    origin: Literal["reported", "price list", "unknown", "free"]
    usage: dict[Name, Count] = Field(default_factory=dict, max_length=50)


def _cost_kind(value: Any) -> str:
    told = value if isinstance(value, dict) else vars(value) if isinstance(value, BaseModel) else ()
    return "charge" if "origin" in told else "cost"


AnyCost = Annotated[
    Annotated[Cost, Tag("cost")] | Annotated[Charge, Tag("charge")], Discriminator(_cost_kind)
]


Token = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


Presence = Literal["found", "not_found", "unsure"]


class Sought(Part):
    """One thing the prompt names, as a word of `mini`'s vocabulary, and what the judge says of it.

    `probability` is the judge's for what was asked; `first` is its most probable answer. `status` says
    whether the judge is sure; manifests from before it have none.
    """

    kind: Literal["object", "color", "background"]
    asked: Token
    probability: Annotated[float, Field(ge=0, le=1)]
    first: Token
    status: Presence | None = Field(default=None, exclude_if=lambda value: value is None)

    @property
    def verdict(self) -> Presence:
        """Whether it is in the picture; where no status was recorded, the first answer decides."""
        return self.status or ("found" if self.first == self.asked else "not_found")


class Adherence(Part):
    """Whether the prompt is in the picture: a machine's opinion, which no check reads.

    `found` is the number of parts that were found.
    """

    judge: Name
    weights_sha256: Sha256
    parts: Annotated[tuple[Sought, ...], Field(min_length=1, max_length=3)]
    found: Annotated[int, Field(ge=0, le=3)]

    @field_validator("parts")
    @classmethod
    def _each_kind_once(cls, parts: tuple[Sought, ...]) -> tuple[Sought, ...]:
        kinds = len({part.kind for part in parts})
        if kinds < len(parts):
            raise PydanticKnownError(
                "too_long", {"field_type": "Tuple", "max_length": kinds, "actual_length": len(parts)}
            )
        return parts

    @field_validator("found")
    @classmethod
    def _counted(cls, found: int, info: ValidationInfo) -> int:
        counted = sum(part.verdict == "found" for part in info.data.get("parts", ()))
        if "parts" in info.data and found != counted:
            raise PydanticKnownError("literal_error", {"expected": str(counted)})
        return found


# Whose planned parameters these are, where an assignment's follow from the student (`exercises.variants`).
Variant = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


# By what a picture was asked for, where that was no person: an agent with the lab's tools (`genai-lab mcp`).
MadeThrough = Literal["mcp"]


class Proof(Part):
    """The picture came out of the student's own code, and is that of the record `of` (its stem)."""

    code: CodeText
    of: FileName


class Manifest(Part):
    """One picture's record. `manifests.chain.sealed` makes one with the right `digest`."""

    model_config = ConfigDict(populate_by_name=True)

    schema_: Literal["genai-lab/manifest/1"] = Field(default=SCHEMA, alias="schema")
    student: Name
    assignment: AssignmentId
    exercise: Slug
    run: Slug
    attempt: Annotated[int, Field(ge=1, le=100_000)]
    time: Moment
    request: AnyRequest
    effective_steps: Annotated[int, Field(ge=0, le=1000)]
    model: Model
    versions: Versions
    device: Name
    dtype: Name
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 1
    batch_index: Annotated[int, Field(ge=0, le=1023)] = 0
    seconds: Seconds
    image: Image
    cost: AnyCost | None = None
    # These are left out where there is none, so that manifests from before them keep their digests.
    adherence: Adherence | None = Field(default=None, exclude_if=lambda value: value is None)
    loading_seconds: Seconds | None = Field(default=None, exclude_if=lambda value: value is None)
    proof: Proof | None = Field(default=None, exclude_if=lambda value: value is None)
    variant: Variant | None = Field(default=None, exclude_if=lambda value: value is None)
    receipt: Envelope | None = Field(default=None, exclude_if=lambda value: value is None)
    service: Service | None = Field(default=None, exclude_if=lambda value: value is None)
    made_through: MadeThrough | None = Field(default=None, exclude_if=lambda value: value is None)
    sequence: Annotated[int, Field(ge=1, le=1_000_000)]
    previous: Sha256 | None
    digest: Sha256


__all__ = [
    "SCHEMA",
    "Adapter",
    "Adherence",
    "ApiRequest",
    "Between",
    "Charge",
    "Cost",
    "Image",
    "MadeThrough",
    "Manifest",
    "Mask",
    "Model",
    "Part",
    "Proof",
    "Request",
    "Sought",
    "Source",
    "Tried",
    "Versions",
]
