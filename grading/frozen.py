"""`submission.json`: what a hand-in says it holds, file by file with hashes, so that a change shows."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from exercises.i18n import Language
from exercises.parameters import Slug
from grading.files import MAX_FILES
from manifests.manifest import Name, Sha256

FROZEN_FILE = "submission.json"
FROZEN_SCHEMA: Literal["genai-lab/submission/1"] = "genai-lab/submission/1"
MAX_FROZEN_BYTES = 4 * 2**20


class FrozenFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["genai-lab/submission/1"] = Field(default=FROZEN_SCHEMA, alias="schema")
    student: Name
    assignment: Slug
    language: Language
    time: AwareDatetime
    files: Annotated[tuple[FrozenFile, ...], Field(max_length=MAX_FILES)]


def parse_frozen(data: bytes) -> Frozen | None:
    """The document, or None when it is not one."""
    try:
        return Frozen.model_validate_json(data)
    except ValidationError:
        return None
