"""`collected.json`: what `genai-lab cohort collect` says of the work it stored, beside the students' folders.

`collect` writes it, and the grade reads from it how late each student's work is.
"""

from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grading.results import Lateness
from manifests.reader import read_regular_file

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


class Collection(BaseModel):
    """The content of `collected.json`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    schema_: Literal["genai-lab/collected/1"] = Field(default="genai-lab/collected/1", alias="schema")
    assignment: str
    snapshots: list[StoredSnapshot] = []  # the oldest first; each round adds one per student
    missed: list[Missed] = []


def read_lateness(submissions: Path) -> dict[str, Lateness]:
    """How late the newest work in each folder is, by the folder's name.

    Empty where nothing was collected. Raises ValueError for a file that `collect` did not write.
    """
    try:
        data = read_regular_file(submissions / INDEX, MAX_BYTES)
        collection = Collection.model_validate_json(data)
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise ValueError(INDEX) from error
    found: dict[str, Lateness] = {}
    for each in collection.snapshots:  # the oldest first
        if (submissions / each.file).is_file():
            found[each.file.partition("/")[0]] = Lateness(
                due=each.due, handed_in=each.handed_in, changed=each.changed, late_seconds=each.late_seconds
            )
    return found
