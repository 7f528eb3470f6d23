"""The records of a submission: each JSON file of a folder once, under the name that the lab gives it.

Synchronisers and file managers leave copies ("x (1).json"). What is there under its own name counts;
what is missing there is taken from the copy; a copy that says something else is left aside and named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from exercises.parameters import SLUG_PATTERN
from grading.submission.files import Files, Unreadable
from grading.wording import Message, message
from manifests import notebook, reader
from manifests.analysis import Analysis, Note
from manifests.chain import is_sealed
from manifests.errors import ManifestError
from manifests.manifest import Manifest
from manifests.pictures import MEDIA_TYPES
from manifests.store import stem_of

MAX_RECORDS = 12_000
_STEM = re.compile(rf"{SLUG_PATTERN}(-[1-9][0-9]{{0,5}})?")

Link = TypeVar("Link", Manifest, Analysis | Note)


@dataclass(frozen=True)
class Sort(Generic[Link]):
    """One sort of record: the folders it is in, how it is read, and what the lab calls its file."""

    folders: tuple[str, ...]
    read: Callable[[bytes], Link]
    max_bytes: int
    file_name: Callable[[Link], str]


MANIFESTS: Sort[Manifest] = Sort(
    ("outputs", "bin"),
    reader.read_manifest,
    reader.MAX_BYTES,
    lambda manifest: f"{stem_of(manifest.run, manifest.attempt)}.json",
)
ENTRIES: Sort[Analysis | Note] = Sort(
    (notebook.FOLDER,),
    notebook.read_entry,
    notebook.MAX_BYTES,
    lambda entry: notebook.file_name(entry.sequence),
)


@dataclass
class Records(Generic[Link]):
    """What was found, and of the records that cannot be read why, by file; `notes`: what else was there."""

    found: dict[str, Link] = field(default_factory=dict)
    unreadable: dict[str, Message] = field(default_factory=dict)
    notes: list[Message] = field(default_factory=list)


def read_records(files: Files, prefix: str, sort: Sort[Link]) -> Records[Link]:
    """The records of one sort in the assignment's folder, which is at `prefix`."""
    records: Records[Link] = Records()
    within = {name.removeprefix(prefix) for name in files.sizes if name.startswith(prefix)}
    names = sorted(n for n in within if n.endswith(".json") and _folder(n) in sort.folders)
    if len(names) > MAX_RECORDS:
        records.notes.append(message("submission.too_many_manifests", limit=MAX_RECORDS))
    read: list[tuple[str, Link]] = []
    for name in names[:MAX_RECORDS]:
        try:
            read.append((name, sort.read(files.read(prefix + name, sort.max_bytes))))
            continue
        except Unreadable as error:
            problem = error.message
        except ManifestError as error:
            problem = message("manifest.unreadable", file=name, why=error)
        if _is_a_record_s(name, within):
            records.unreadable[name] = problem
        else:
            records.notes.append(problem)
    _place(records, read, sort)
    return records


def _is_a_record_s(file: str, names: set[str]) -> bool:
    """Whether a JSON file that cannot be read is where a record would be: a picture's, where it has one."""
    stem = file.rpartition("/")[2].removesuffix(".json")
    if _folder(file) != "outputs":
        return _STEM.fullmatch(stem) is not None
    return any(f"outputs/{stem}{ending}" in names for ending in MEDIA_TYPES)


def _place(records: Records[Link], read: list[tuple[str, Link]], sort: Sort[Link]) -> None:
    def home(file: str, link: Link) -> str:
        return f"{_folder(file)}/{sort.file_name(link)}"

    digests: set[str] = set()
    for file, link in sorted(
        read, key=lambda each: (each[0] != home(*each), _folder(each[0]) == "bin", each[0])
    ):
        place = home(file, link)
        if is_sealed(link) and link.digest in digests:
            continue
        if place in records.found or (place != file and place in records.unreadable):
            records.notes.append(message("file.conflict", file=file, other=place))
            continue
        records.found[place] = link
        digests.add(link.digest)


def _folder(name: str) -> str:
    return name.rpartition("/")[0]
