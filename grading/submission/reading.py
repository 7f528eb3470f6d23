"""A submission as it was found: manifests, answers, pictures, and what of it could not be read.

Rule: what is missing or unreadable in part becomes a finding and the rest is graded; only a
submission in which no assignment can be found is not gradable.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from exercises.i18n import Language
from grading.submission.files import Files, FolderFiles, Unreadable
from grading.submission.frozen import FROZEN_FILE, HAND_INS, MAX_FROZEN_BYTES, Frozen, parse_frozen
from grading.submission.locating import is_zip, locate, without_zip
from grading.submission.pictures import PictureFacts, Undecodable, look
from grading.submission.records import ENTRIES, MANIFESTS, read_records
from grading.wording import Message, message
from manifests.adapters import FOLDER as ADAPTERS
from manifests.analysis import Analysis, Note
from manifests.answers import FILE as ANSWERS_FILE
from manifests.answers import MAX_BYTES as MAX_ANSWERS_BYTES
from manifests.answers import Answers, ExerciseAnswer, read_answers
from manifests.chain import is_sealed
from manifests.errors import AnswersError
from manifests.manifest import Adapter, Manifest, Source
from manifests.wall import REMIXES, Remix, read_remixes

MAX_FINDINGS = 50


@dataclass(frozen=True)
class Recorded:
    """One manifest that could be read. `file` is within the assignment's folder, as the lab names it."""

    manifest: Manifest
    file: str

    @cached_property
    def sealed(self) -> bool:
        """Whether the manifest is as the lab wrote it: its digest fits its fields."""
        return is_sealed(self.manifest)

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
    folder within `files`, `base` to the folder above it. `also` are names a grader has confirmed to be
    this student's, `classmates` those of others. `handed_in` is false in the student's own view before
    the first hand-in. `without_agents`: what an agent asked for does not count.
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
    also: frozenset[str] = frozenset()
    classmates: frozenset[str] = frozenset()
    handed_in: bool = True
    without_agents: bool = False
    _looked: dict[str, PictureFacts | Undecodable | Message] = field(default_factory=dict)
    _hashes: dict[str, str | None] = field(default_factory=dict)

    @cached_property
    def student(self) -> str:
        """Whose work this is: the folder's name if a manifest bears it, else the name most manifests bear."""
        names = Counter(r.manifest.student for r in self.records) or Counter(e.student for e in self.entries)
        if not names or self.name in names:
            return self.name
        if self.frozen is not None and self.frozen.student in names:
            return self.frozen.student
        return max(sorted(names), key=names.__getitem__)

    @cached_property
    def other_names(self) -> tuple[str, ...]:
        """Names in the record that may be this student's on another machine: nobody has confirmed them."""
        names = {link.student for link in (*(r.manifest for r in self.records), *self.entries)}
        return tuple(sorted(names - self.also - self.classmates - {self.student}))

    @property
    def claimed_names(self) -> tuple[str, ...]:
        """Those of the other names of which the student says that they are theirs."""
        said = self.answers.also_me if self.answers is not None else ()
        return tuple(name for name in self.other_names if name in said)

    def is_mine(self, student: str) -> bool:
        """Whether a record of that name may count: this student's, or perhaps theirs on another machine."""
        return student == self.student or student in self.also or student in self.other_names

    def is_doubtful(self, recorded: Recorded) -> bool:
        """Whether it bears a name that somebody has still to confirm as this student's."""
        return recorded.manifest.student in self.other_names

    @property
    def language(self) -> Language | None:
        """The language the student worked in, where it is known."""
        if self.answers is not None and self.answers.language is not None:
            return self.answers.language
        return self.frozen.language if self.frozen is not None else None

    def said(self, exercise: str) -> ExerciseAnswer:
        """What the student wrote in an exercise's own tab; nothing where they wrote nothing."""
        answers = self.answers.exercises if self.answers is not None else {}
        return answers.get(exercise) or ExerciseAnswer()

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
        """Of the kept ones those that count: of this student and assignment, with an unbroken seal."""
        return tuple(
            r
            for r in self.kept
            if r.sealed
            and r.manifest.assignment == self.assignment
            and self.is_mine(r.manifest.student)
            and not self.is_barred(r)
        )

    def is_barred(self, recorded: Recorded) -> bool:
        """Whether an agent asked for it where that does not count."""
        return self.without_agents and recorded.manifest.made_through is not None

    @cached_property
    def notebook(self) -> tuple[Analysis | Note, ...]:
        """The entries that count: of this student and assignment, with an unbroken seal, oldest first."""
        return tuple(
            e
            for e in self.entries
            if e.assignment == self.assignment and self.is_mine(e.student) and is_sealed(e)
        )

    @cached_property
    def remixes(self) -> tuple[Remix, ...]:
        """What the student took over from the class's wall, as they themselves tell."""
        try:
            return tuple(read_remixes(self._read(REMIXES)))
        except Unreadable:
            return ()

    def attempts(self, exercise: str, run: str) -> list[Recorded]:
        """The attempts at a run that may count, by age, those of a doubtful name first: the last counts.

        One whose picture is gone counts, as in the lab, only while no other has its own.
        """
        found = [r for r in self.own if (r.manifest.exercise, r.manifest.run) == (exercise, run)]
        made = [r for r in found if self.has_picture(r)] or found
        return sorted(made, key=lambda r: (not self.is_doubtful(r), r.manifest.attempt))

    def unreadable_attempt(self, run: str) -> Message | None:
        """Why a run's manifest cannot be read, if one of its name is there."""
        name = re.compile(rf"outputs/{re.escape(run)}(-\d+)?\.json")
        return next((why for file, why in sorted(self.unreadable.items()) if name.fullmatch(file)), None)

    def has_picture(self, recorded: Recorded) -> bool:
        """Whether there is a file for a manifest's picture, whatever is in it."""
        return self.files is not None and self.prefix + self._image_file(recorded) in self.files.sizes

    def image(self, recorded: Recorded) -> bytes:
        """The picture's bytes; raises Unreadable."""
        return self._read(self._image_file(recorded))

    def source(self, source: Source) -> bytes:
        """The bytes of an image-to-image source; raises Unreadable."""
        return self._read(f"inputs/{source.file}")

    def adapter(self, adapter: Adapter) -> bytes:
        """The bytes of an adapter a picture was drawn with; raises Unreadable."""
        return self._read(f"{ADAPTERS}/{adapter.file}")

    def card(self, adapter: Adapter) -> bytes:
        """The bytes of the adapter's card; raises Unreadable."""
        return self._read(f"{ADAPTERS}/{adapter.file.removesuffix('.safetensors')}.json")

    def look_at_image(self, recorded: Recorded) -> PictureFacts | Undecodable | Message:
        """Facts of a manifest's picture, or why there are none; measured once."""
        return self._look(self._image_file(recorded))

    def looked_at(self, recorded: Recorded) -> PictureFacts | Undecodable | Message | None:
        """The facts of a picture that some rule has looked at already; None for any other."""
        return self._looked.get(self._image_file(recorded))

    def image_sha256(self, recorded: Recorded) -> str:
        """The hash of a manifest's picture file, without decoding it; raises Unreadable."""
        facts = self._looked.get(self._image_file(recorded))
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

    def _image_file(self, recorded: Recorded) -> str:
        """Where a manifest's picture is: under its name, or, where nothing is, under that of a copy of it."""
        name, image = recorded.image_file, recorded.manifest.image
        if self.files is None or self.prefix + name in self.files.sizes:
            return name
        folder = name.rpartition("/")[0] + "/"
        for other in self._unclaimed.get((folder, image.bytes), ()):
            if self._hash_of_copy(other) == image.sha256:
                return other
        return name

    def _hash_of_copy(self, name: str) -> str | None:
        """The hash of a picture that no manifest names, taken once; None for one that cannot be read."""
        if name not in self._hashes:
            try:
                self._hashes[name] = hashlib.sha256(self._read(name)).hexdigest()
            except Unreadable:
                self._hashes[name] = None
        return self._hashes[name]

    @cached_property
    def _unclaimed(self) -> dict[tuple[str, int], list[str]]:
        """The pictures that are named in no manifest, by folder and size: what a synchroniser renames."""
        named = {r.image_file for r in self.records}
        found: dict[tuple[str, int], list[str]] = {}
        for name, size in (self.files.sizes if self.files else {}).items():
            within = name.removeprefix(self.prefix)
            folder = within.rpartition("/")[0] + "/"
            if within not in named and folder in ("outputs/", "bin/") and not within.endswith(".json"):
                found.setdefault((folder, size), []).append(within)
        return found

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


def open_submission(
    path: Path,
    assignment: str,
    *,
    name: str | None = None,
    also: Collection[str] = (),
    classmates: Collection[str] = (),
) -> Submission:
    """What was handed in at `path` (folder or zip); close it after use. Raises Unreadable: not gradable.

    `name` defaults to the file's name without `.zip`. `also`: other names of which a grader knows that
    they are this student's. `classmates`: names that are somebody else's.
    """
    name = name if name is not None else without_zip(path.name)
    found = locate(path, assignment)
    try:
        return _read_submission(
            Submission(
                name,
                assignment,
                found.files,
                found.prefix,
                findings=found.notes,
                also=frozenset(also),
                classmates=frozenset(classmates),
            )
        )
    except BaseException:
        found.files.close()
        raise


def open_work(work: Path, assignment: str, student: str) -> Submission:
    """The student's own work folder, as it is now: one with nothing in it yet is an empty submission."""
    if not (work / assignment).is_dir():
        return Submission(student, assignment, handed_in=False)
    files = FolderFiles(work, only=(assignment,))
    submission = Submission(student, assignment, files, f"{assignment}/", handed_in=_has_hand_in(files))
    return _read_submission(submission)


def _has_hand_in(files: Files) -> bool:
    return any(name.split("/")[1:2] == [HAND_INS] and is_zip(name) for name in files.sizes)


@contextmanager
def closing(submission: Submission) -> Iterator[Submission]:
    """`with closing(open_submission(...)) as submission:`"""
    try:
        yield submission
    finally:
        submission.close()


def _read_submission(submission: Submission) -> Submission:
    files = submission.files
    assert files is not None  # noqa: S101 - both callers have just opened them
    submission.findings += files.problems
    manifests = read_records(files, submission.prefix, MANIFESTS)
    entries = read_records(files, submission.prefix, ENTRIES)
    submission.unreadable = manifests.unreadable | entries.unreadable
    submission.findings += [*submission.unreadable.values(), *manifests.notes, *entries.notes]
    submission.records = tuple(
        sorted(
            (Recorded(manifest, file) for file, manifest in manifests.found.items()),
            key=lambda r: (r.manifest.sequence, r.manifest.attempt, r.file),
        )
    )
    in_order = sorted(entries.found.items(), key=lambda each: (each[1].sequence, each[0]))
    submission.entries = tuple(entry for _, entry in in_order)
    submission.answers = _read_answers(submission, files)
    submission.frozen = _read_frozen(submission, files)
    del submission.findings[MAX_FINDINGS:]
    return submission


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
