"""`submission.json`: what a hand-in says it holds, file by file with hashes, so that a change shows."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from exercises.i18n import Language
from exercises.parameters import AssignmentId
from grading.submission.files import MAX_FILES
from manifests.manifest import Name, Sha256
from manifests.moments import Moment
from manifests.strict_json import decoded

FROZEN_FILE = "submission.json"
FROZEN_SCHEMA: Literal["genai-lab/submission/1"] = "genai-lab/submission/1"
HAND_INS = "hand-ins"  # the folder of an assignment in which the lab keeps what was handed in
MAX_FROZEN_BYTES = 4 * 2**20


TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_END = r"-(?P<time>\d{8}T\d{6}Z)(-(?P<number>\d{1,4}))?\.zip"


class FrozenFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["genai-lab/submission/1"] = Field(default=FROZEN_SCHEMA, alias="schema")
    student: Name
    assignment: AssignmentId
    language: Language
    time: Moment
    files: Annotated[tuple[FrozenFile, ...], Field(max_length=MAX_FILES)]


def parse_frozen(data: bytes) -> Frozen | None:
    """The document, or None when it is not one."""
    try:
        return Frozen.model_validate_json(decoded(data))
    except (UnicodeDecodeError, ValidationError):
        return None


def hand_in_name(student: str, assignment: str, time: datetime, number: int = 1) -> str:
    """The file name of a hand-in; `number` tells those of the same second apart."""
    suffix = f"-{number}" if number > 1 else ""
    return f"{student}-{assignment}-{time.astimezone(UTC):{TIME_FORMAT}}{suffix}.zip"


def hand_in_time(name: str, assignment: str) -> tuple[str, int] | None:
    """What orders hand-ins of an assignment by their file names; None for another zip's name."""
    match = re.fullmatch(f".*-{re.escape(assignment)}{_END}", name, re.DOTALL)
    if match is None:
        return None
    return match["time"], int(match["number"] or 1)


def parse_hand_in_time(written: str) -> datetime | None:
    """The moment that a hand-in's file name says, to the second; None for a date there is not."""
    try:
        return datetime.strptime(written, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None
