"""A submission as it was found: manifests, answers, pictures, and what of it could not be read.

It is a work folder, a hand-in folder, a zip of either, or a folder that holds one hand-in zip.
Rule: what is missing or unreadable in part becomes a finding and the rest is graded; only a
submission in which no assignment can be found is not gradable.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeVar

from exercises.i18n import Language
from grading.submission.files import Files, FolderFiles, Unreadable, ZipFiles
from grading.submission.frozen import FROZEN_FILE, MAX_FROZEN_BYTES, Frozen, hand_in_time, parse_frozen
from grading.submission.pictures import PictureFacts, Undecodable, look
from grading.wording import Message, message
from manifests.analysis import Analysis, Note
from manifests.answers import FILE as ANSWERS_FILE
from manifests.answers import MAX_BYTES as MAX_ANSWERS_BYTES
from manifests.answers import Answers, read_answers
from manifests.errors import AnswersError, ManifestError
from manifests.manifest import Manifest, Source
from manifests.notebook import FOLDER as NOTEBOOK
from manifests.notebook import MAX_BYTES as MAX_ENTRY_BYTES
from manifests.notebook import read_entry
from manifests.reader import MAX_BYTES, read_manifest

MAX_MANIFESTS = 12_000
MAX_FINDINGS = 50

T = TypeVar("T")


@dataclass(frozen=True)
class Recorded:
    """One manifest that could be read. `file` is relative to the assignment's folder."""

    manifest: Manifest
    file: str

    @property
    def stem(self) -> str:
        return PurePosixPath(self.file).stem

    @property
    def binned(self) -> bool:
        return self.file.startswith("bin/")

    @property
    def image_file(self) -> str:
        return f"{PurePosixPath(self.file).parent}/{self.manifest.image.file}"


@dataclass
class Submission:
    """What a student handed in for one assignment; `name` is the folder's or zip's name, tamed.

    `files` may be None: the student has nothing on disk yet. `prefix` leads to the assignment's
    folder within `files`, `base` to the folder above it.
    """

    name: str
    assignment: str
    files: Files | None = None
    prefix: str = ""
    records: tuple[Recorded, ...] = ()
    entries: tuple[Analysis | Note, ...] = ()
    answers: Answers | None = None
    frozen: Frozen | None = None
    findings: list[Message] = field(default_factory=list)
    unreadable: dict[str, Message] = field(default_factory=dict)  # manifests and entries, by file
    _looked: dict[str, PictureFacts | Undecodable | Message] = field(default_factory=dict)

    @cached_property
    def student(self) -> str:
        """Whose work this is: the folder's name if a manifest bears it, else the name most manifests bear."""
        names = [r.manifest.student for r in self.records] or [e.student for e in self.entries]
        if not names or self.name in names:
            return self.name
        if self.frozen is not None and self.frozen.student in names:
            return self.frozen.student
        return max(sorted(set(names)), key=names.count)

    @property
    def language(self) -> Language | None:
        """The language the student worked in, where it is known."""
        if self.answers is not None and self.answers.language is not None:
            return self.answers.language
        return self.frozen.language if self.frozen is not None else None

    @property
    def base(self) -> str:
        """Where `submission.json` and the names it lists start from."""
        return self.prefix.removesuffix(f"{self.assignment}/")

    @cached_property
    def kept(self) -> tuple[Recorded, ...]:
        """Manifests in `outputs/` (not in the bin), oldest first."""
        return tuple(r for r in self.records if not r.binned)

    @cached_property
    def own(self) -> tuple[Recorded, ...]:
        """Of the kept ones those of this student and assignment."""
        mine = (self.student, self.assignment)
        return tuple(r for r in self.kept if (r.manifest.student, r.manifest.assignment) == mine)

    @cached_property
    def notebook(self) -> tuple[Analysis | Note, ...]:
        """The entries of this student and assignment, oldest first."""
        mine = (self.student, self.assignment)
        return tuple(e for e in self.entries if (e.student, e.assignment) == mine)

    def attempts(self, exercise: str, run: str) -> list[Recorded]:
        """The student's own kept attempts at a run, oldest first: the last one counts.

        One whose picture is gone counts, as in the lab, only while no other has its own.
        """
        made = [r for r in self.own if r.manifest.exercise == exercise and r.manifest.run == run]
        return [r for r in made if self.has_picture(r)] or made

    def has_picture(self, recorded: Recorded) -> bool:
        """Whether a plain file is there under the picture's name."""
        return self.files is not None and self.prefix + recorded.image_file in self.files.sizes

    def unreadable_attempt(self, run: str) -> Message | None:
        """Why a run's manifest cannot be read, if one of its name is there."""
        name = re.compile(rf"outputs/{re.escape(run)}(-\d+)?\.json")
        return next((why for file, why in sorted(self.unreadable.items()) if name.fullmatch(file)), None)

    def image(self, recorded: Recorded) -> bytes:
        """The picture's bytes; raises Unreadable."""
        return self._read(recorded.image_file)

    def source(self, source: Source) -> bytes:
        """The bytes of an image-to-image source; raises Unreadable."""
        return self._read(f"inputs/{source.file}")

    def look_at_image(self, recorded: Recorded) -> PictureFacts | Undecodable | Message:
        """Facts of a manifest's picture, or why there are none; measured once."""
        return self._look(recorded.image_file)

    def image_sha256(self, recorded: Recorded) -> str:
        """The hash of a manifest's picture file, without decoding it; raises Unreadable."""
        facts = self._looked.get(recorded.image_file)
        if facts is None:
            return hashlib.sha256(self.image(recorded)).hexdigest()
        if isinstance(facts, Message):
            raise Unreadable(facts)
        return facts.sha256

    def look_at_source(self, source: Source) -> PictureFacts | Undecodable | Message:
        """Facts of a source picture, or why there are none; measured once."""
        return self._look(f"inputs/{source.file}")

    def close(self) -> None:
        if self.files is not None:
            self.files.close()

    def _read(self, name: str) -> bytes:
        if self.files is None:
            raise Unreadable(message("file.missing", file=name))
        return self.files.read(self.prefix + name)

    def _look(self, name: str) -> PictureFacts | Undecodable | Message:
        if name not in self._looked:
            try:
                self._looked[name] = look(self._read(name))
            except Unreadable as error:
                self._looked[name] = error.message
        return self._looked[name]


def open_submission(path: Path, assignment: str, *, name: str | None = None) -> Submission:
    """What was handed in at `path` (folder or zip); close it after use. Raises Unreadable: not gradable.

    `name` defaults to the file's name without `.zip`.
    """
    name = name if name is not None else path.name.removesuffix(".zip")
    files = _open_files(path, assignment)
    notes: list[Message] = []
    try:
        prefix = _find_assignment(files, assignment)
        if prefix is None:
            files, notes = _open_inner_zip(path, files, assignment)
            prefix = _find_assignment(files, assignment)
        if prefix is None:
            raise Unreadable(_why_nothing(files, assignment))
        return _read_submission(Submission(name, assignment, files, prefix, findings=notes))
    except BaseException:
        files.close()
        raise


def open_work(work: Path, assignment: str, student: str) -> Submission:
    """The student's own work folder, as it is now: one with nothing in it yet is an empty submission."""
    if not (work / assignment).is_dir():
        return Submission(student, assignment)
    files = FolderFiles(work, only=(assignment,))
    return _read_submission(Submission(student, assignment, files, f"{assignment}/"))


@contextmanager
def closing(submission: Submission) -> Iterator[Submission]:
    """`with closing(open_submission(...)) as submission:`"""
    try:
        yield submission
    finally:
        submission.close()


def _open_files(path: Path, assignment: str) -> Files:
    if path.is_dir():
        if (path / assignment).is_dir() and not (path / assignment).is_symlink():
            return FolderFiles(path, only=(assignment, FROZEN_FILE))
        return FolderFiles(path)
    if path.suffix == ".zip":
        return ZipFiles(path)
    raise Unreadable(message("submission.not_a_folder", file=path.name))


def _open_inner_zip(path: Path, files: Files, assignment: str) -> tuple[Files, list[Message]]:
    """The zip that a folder holds instead of an assignment: the only one, or of hand-ins the newest."""
    zips = sorted(n for n in files.sizes if "/" not in n and n.endswith(".zip"))
    if not path.is_dir() or not zips:
        return files, []
    if len(zips) == 1:
        return ZipFiles(path / zips[0]), []
    times = {name: match for name in zips if (match := hand_in_time(name, assignment))}
    if len(times) < len(zips):
        raise Unreadable(message("submission.many_zips", assignment=assignment, files=tuple(zips)))
    newest = max(zips, key=lambda name: times[name])
    return ZipFiles(path / newest), [message("submission.newest", count=len(zips), file=newest)]


def _find_assignment(files: Files, assignment: str) -> str | None:
    """The prefix of the assignment's folder: at the top, the top itself, or one level down."""
    if assignment in files.sizes:
        raise Unreadable(message("submission.file_for_folder", file=assignment))
    tops = {n.split("/", 1)[0] for n in files.sizes if "/" in n}
    if assignment in tops:
        return _checked(files, f"{assignment}/")
    if "outputs" in tops or ANSWERS_FILE in files.sizes:
        return _checked(files, "")
    inner = sorted(t for t in tops if any(n.startswith(f"{t}/{assignment}/") for n in files.sizes))
    if len(inner) > 1:
        raise Unreadable(message("submission.ambiguous", assignment=assignment, files=", ".join(inner[:5])))
    return _checked(files, f"{inner[0]}/{assignment}/") if inner else None


def _why_nothing(files: Files, assignment: str) -> Message:
    if files.sizes:
        return message("submission.no_assignment", assignment=assignment)
    if files.problems:
        return message("submission.nothing_usable", problems=tuple(files.problems))
    return message("submission.empty", assignment=assignment)


def _checked(files: Files, prefix: str) -> str:
    if f"{prefix}outputs" in files.sizes:
        raise Unreadable(message("submission.file_for_folder", file=f"{prefix}outputs"))
    if not any(n.startswith(f"{prefix}outputs/") or n == f"{prefix}{ANSWERS_FILE}" for n in files.sizes):
        raise Unreadable(message("submission.empty", assignment=prefix.strip("/")))
    return prefix


def _read_submission(submission: Submission) -> Submission:
    files = submission.files
    assert files is not None  # noqa: S101 - both callers have just opened them
    submission.findings += files.problems
    manifests = _read_each(submission, files, ("outputs", "bin"), read_manifest, MAX_BYTES)
    entries = _read_each(submission, files, (NOTEBOOK,), read_entry, MAX_ENTRY_BYTES)
    submission.findings += submission.unreadable.values()
    submission.records = tuple(
        sorted(
            (Recorded(manifest, file) for file, manifest in manifests),
            key=lambda r: (r.manifest.sequence, r.manifest.attempt, r.file),
        )
    )
    submission.entries = tuple(entry for _, entry in sorted(entries, key=lambda e: (e[1].sequence, e[0])))
    submission.answers = _read_answers(submission, files)
    submission.frozen = _read_frozen(submission, files)
    del submission.findings[MAX_FINDINGS:]
    return submission


def _read_each(
    submission: Submission, files: Files, folders: tuple[str, ...], read: Callable[[bytes], T], limit: int
) -> list[tuple[str, T]]:
    """The JSON files in some of the assignment's folders, by relative name; what is unreadable is noted."""
    names = sorted(n for n in files.sizes if _is_json_in(folders, n, submission.prefix))
    if len(names) > MAX_MANIFESTS:
        submission.findings.append(message("submission.too_many_manifests", limit=MAX_MANIFESTS))
    found = []
    for name in names[:MAX_MANIFESTS]:
        relative = name.removeprefix(submission.prefix)
        try:
            found.append((relative, read(files.read(name, limit))))
        except Unreadable as error:
            submission.unreadable[relative] = error.message
        except ManifestError as error:
            submission.unreadable[relative] = message("manifest.unreadable", file=relative, why=error)
    return found


def _is_json_in(folders: tuple[str, ...], name: str, prefix: str) -> bool:
    folder, _, file = name.removeprefix(prefix).partition("/")
    return name.startswith(prefix) and folder in folders and file.endswith(".json") and "/" not in file


def _read_answers(submission: Submission, files: Files) -> Answers | None:
    name = submission.prefix + ANSWERS_FILE
    if name not in files.sizes:
        return None
    try:
        return read_answers(files.read(name, MAX_ANSWERS_BYTES))
    except Unreadable as error:
        submission.findings.append(error.message)
    except AnswersError as error:
        submission.findings.append(message("answers.unreadable", file=ANSWERS_FILE, why=error))
    return None


def _read_frozen(submission: Submission, files: Files) -> Frozen | None:
    name = submission.base + FROZEN_FILE
    if name not in files.sizes:
        return None
    try:
        frozen = parse_frozen(files.read(name, MAX_FROZEN_BYTES))
    except Unreadable as error:
        submission.findings.append(error.message)
        return None
    if frozen is None:
        submission.findings.append(message("submission.bad_list", file=FROZEN_FILE))
    return frozen
