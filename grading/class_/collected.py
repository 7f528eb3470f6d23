"""`collected.json`: what `genai-lab cohort collect` says of the work it stored, beside the students' folders.

`collect` writes it, and the grade reads from it whose each folder is and how late the work in it is.
"""

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grading.results import Lateness
from manifests.reader import read_regular_file
from manifests.strict_json import decoded

INDEX = "collected.json"
SUMS = "SHA256SUMS"
MAX_BYTES = 16 * 2**20


class StoredSnapshot(BaseModel):
    """One snapshot, with its times by the lab's clock.

    `handed_in` is None if the student has handed nothing in, and the work is as it was when collected.
    `changed` is when the student last changed the work, perhaps after handing it in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    student: str
    file: str
    bytes: int
    sha256: str
    collected: AwareDatetime
    handed_in: AwareDatetime | None = None
    changed: AwareDatetime | None
    due: AwareDatetime | None
    late: bool
    late_seconds: int  # 0 if the work is not late


class Missed(BaseModel):
    """A student of whom the last round has no snapshot.

    The student has done `nothing` yet, the lab was `stopped`, or it `failed` for the given reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    student: str
    why: Literal["nothing", "stopped", "failed"]
    reason: str = ""


class Collected(BaseModel):
    """Whose folder it is, and the groups that the student was in at the Hub."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    student: str
    groups: tuple[str, ...] = ()


class Collection(BaseModel):
    """The content of `collected.json`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    schema_: Literal["genai-lab/collected/1"] = Field(default="genai-lab/collected/1", alias="schema")
    assignment: str
    snapshots: list[StoredSnapshot] = []  # the oldest first; each round adds one per student
    missed: list[Missed] = []
    students: dict[str, Collected] = {}  # by folder; of collections from before it was kept there are none


def read_collection(submissions: Path) -> Collection | None:
    """What `collect` wrote; None where nothing was collected. Raises ValueError for a file of others."""
    try:
        return Collection.model_validate_json(decoded(read_regular_file(submissions / INDEX, MAX_BYTES)))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise ValueError(INDEX) from error


def lateness_in(collection: Collection, submissions: Path) -> dict[str, Lateness]:
    """How late the newest work in each folder is, by the folder's name."""
    found: dict[str, Lateness] = {}
    for each in collection.snapshots:  # the oldest first
        if (submissions / each.file).is_file():
            found[each.file.partition("/")[0]] = Lateness(
                due=each.due, handed_in=each.handed_in, changed=each.changed, late_seconds=each.late_seconds
            )
    return found
