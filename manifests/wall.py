"""The class's wall: what is told of a picture that a student shows to all, and what others took over from it.

Rule: a work on the wall is a copy, given by consent; nothing of it counts for a grade. What a student takes
over to make something of their own is told in `remixes.json` of the assignment's folder, so that the same
prompt in two students' work is no secret.
"""

import json
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from exercises.parameters import AssignmentId, Mode, Prompt
from manifests.atomic import write_atomic
from manifests.errors import JsonError
from manifests.manifest import Name, Request
from manifests.reader import read_regular_file
from manifests.strict_json import parse
from manifests.work_folder import locked

REMIXES = "remixes.json"
MAX_BYTES = 1024 * 1024
MOST_REMIXES = 200  # that are remembered; the oldest go
MOST_EACH = 20  # works of one student on the wall
MAX_PICTURE = 12 * 2**20  # bytes of a picture that is sent

WorkId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
ShownAs = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Origin(_Told):
    """The work of which another one is a remix. It stays named when its author has taken it down."""

    id: WorkId
    title: Title
    shown_as: ShownAs = ""


class Remix(Origin):
    """What was taken over from the wall."""

    prompt: Prompt
    negative_prompt: Prompt = ""


class Settings(_Told):
    """By what a work was made: what is taken over. `request` is None for a picture of an API.

    A photograph that it began with stays at home.
    """

    assignment: AssignmentId
    model: Name
    mode: Mode
    prompt: Prompt
    request: Request | None = None


class Shown(_Told):
    """What a student sends to the wall, beside the picture. An empty `shown_as` is nobody's name."""

    title: Title
    shown_as: ShownAs = ""
    made_by: Settings
    remix_of: WorkId | None = None


class Work(_Told):
    """A work on the wall, as one person sees it. `author` is told to its author and to instructors."""

    id: WorkId
    title: Title
    shown_as: ShownAs
    made_by: Settings
    remix_of: Origin | None
    time: AwareDatetime
    votes: Annotated[int, Field(ge=0)]
    voted: bool
    mine: bool
    hidden: bool
    author: str | None = None


class Wall(_Told):
    """The whole wall, the newest first. `teaches`: whether who asks may hide works."""

    works: tuple[Work, ...] = ()
    teaches: bool = False


def remixes(folder: Path) -> list[Remix]:
    """What was taken over in an assignment, the oldest first."""
    try:
        return read_remixes(read_regular_file(folder / REMIXES, MAX_BYTES))
    except OSError:
        return []


def read_remixes(data: bytes) -> list[Remix]:
    """The same of the file's bytes; what cannot be read tells nothing."""
    try:
        document = parse(data, max_bytes=MAX_BYTES)
    except JsonError:
        return []
    entries = document.get("remixes") if isinstance(document, dict) else None
    found: list[Remix] = []
    for entry in entries[-MOST_REMIXES:] if isinstance(entries, list) else []:
        try:
            found.append(Remix.model_validate(entry))
        except ValidationError:
            continue
    return found


def remember_remix(folder: Path, remix: Remix) -> None:
    """Write down what is taken over. Raises OSError where the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        kept = [each for each in remixes(folder) if each.id != remix.id][-(MOST_REMIXES - 1) :]
        document = {"remixes": [each.model_dump(mode="json") for each in (*kept, remix)]}
        write_atomic(folder / REMIXES, json.dumps(document, indent=2, ensure_ascii=False).encode())
