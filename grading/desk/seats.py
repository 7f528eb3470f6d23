"""The class as the desk sees it: each submission with its grade as it stands now.

Rule: what `grade` computed and what people decided are read from the disk whenever they have changed there,
so several desks, and `grade` beside them, may run on one folder.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from exercises.assignment import Assignment
from exercises.i18n import Language
from exercises.loader import FILE, load_assignment
from exercises.toml_file import ExerciseError
from grading.checks import check_submission
from grading.class_.collected import INDEX
from grading.class_.entries import find_entries
from grading.class_.grade import MAX_GRADE_BYTES, GradingError
from grading.class_.one import Entry
from grading.marks.applying import as_computed
from grading.marks.mark import NOTHING, Decision, Mark
from grading.marks.store import MarksStore
from grading.marks.totals import with_marks
from grading.results import CheckResult, Grade
from grading.submission.reading import Submission
from grading.wording import shown
from manifests.reader import read_regular_file

KEY_LENGTH = 12
SECRET = "secret"  # noqa: S105 - the name of the setting from which keys follow


@dataclass(frozen=True)
class Seat:
    """One submission. `key` stands for it in addresses, `number` where its name is hidden: neither betrays
    whose it is. `grade` has the marks as they are now."""

    entry: Entry
    key: str
    number: int
    grade: Grade
    decisions: Mapping[str, Decision]

    def mark(self, check: str) -> Mark:
        """What people say of a check, or of an exercise as a whole."""
        decision = self.decisions.get(check)
        return decision.mark if decision else NOTHING

    def version(self, check: str) -> int:
        decision = self.decisions.get(check)
        return decision.version if decision else 0

    def checks(self, exercise: str) -> list[CheckResult]:
        """The checks of an exercise, in its order."""
        return self._by_exercise.get(exercise, [])

    def asked(self, exercise: str) -> list[CheckResult]:
        """Those of them that a person is asked to judge, whether somebody has or not."""
        return self._asked.get(exercise, [])

    @cached_property
    def is_flagged(self) -> bool:
        """Whether there are findings, or a person wants to look again."""
        flags = any(decision.mark.flag for decision in self.decisions.values())
        return flags or bool(self.grade.for_grader)

    @cached_property
    def _by_exercise(self) -> dict[str, list[CheckResult]]:
        found: dict[str, list[CheckResult]] = {}
        for check in self.grade.checks:
            found.setdefault(check.id.partition("/")[0], []).append(check)
        return found

    @cached_property
    def _asked(self) -> dict[str, list[CheckResult]]:
        asked = {name: [c for c in checks if is_asked(c)] for name, checks in self._by_exercise.items()}
        return {name: checks for name, checks in asked.items() if checks}


def is_asked(check: CheckResult) -> bool:
    """Whether a program left this check to a person, for its own sake."""
    return as_computed(check).needs_person and check.waits_for is None


@dataclass
class _Known:
    """A grade as it was read, and as it stands with so many decisions and that assignment."""

    stamp: tuple[int, int]
    grade: Grade
    seat: Seat | None = None
    of: tuple[int, int] = (-1, -1)


class Seats:
    """Thread-safe; `current()` is quick where nothing has changed. Raises ExerciseError, GradingError,
    OSError."""

    def __init__(self, submissions: Path, assignment: Assignment, out: Path, language: Language) -> None:
        self.submissions, self.out, self.language = submissions, out, language
        self.store = MarksStore(out)
        self.problem: ExerciseError | None = None  # of an assignment that was changed and cannot be read now
        self._secret = self.store.setting(SECRET) or self._new_secret()
        self._assignment, self._assignment_number = assignment, 0
        self._assignment_stamp = _stamp(assignment.folder / FILE)
        self._entries: list[Entry] = []
        self._entries_stamp: tuple[object, ...] = ()
        self._known: dict[str, _Known] = {}
        self._decisions: dict[str, dict[str, Decision]] = {}
        self._changes: dict[str, int] = {}  # by student, how many decisions were seen
        self._seen = 0
        self._titles: dict[tuple[int, Language], dict[str, str]] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.RLock()

    @property
    def assignment(self) -> Assignment:
        """As its file says now; while that cannot be read, as it said before (`problem` says why)."""
        with self._lock:
            stamp = _stamp(self._assignment.folder / FILE)
            if stamp != self._assignment_stamp:
                self._assignment_stamp = stamp
                try:
                    self._assignment = load_assignment(self._assignment.folder)
                    self._assignment_number += 1
                    self.problem = None
                except ExerciseError as error:
                    self.problem = error
            return self._assignment

    def current(self) -> list[Seat]:
        """Every submission that has a grade, by its number's order where names are hidden, else by name."""
        with self._lock:
            assignment = self.assignment
            self._read_decisions()
            entries = self._read_entries()
            keys = {entry.folder: self._key(entry.folder) for entry in entries}
            numbers = {key: number for number, key in enumerate(sorted(keys.values()), 1)}
            seats = []
            for entry in entries:
                key = keys[entry.folder]
                if seat := self._seat(entry, key, numbers[key], assignment):
                    seats.append(seat)
            return seats

    def entries(self) -> list[Entry]:
        """Every submission there is, graded or not."""
        with self._lock:
            return self._read_entries()

    def decided(self) -> list[Decision]:
        """The newest decisions about everything, as of the last `current()`."""
        with self._lock:
            return [each for own in self._decisions.values() for each in own.values()]

    def titles(self, language: Language) -> dict[str, str]:
        """What each check is called in the grader's language; in a grade it is called in the student's."""
        assignment = self.assignment
        with self._lock:
            key = (self._assignment_number, language)
            if key not in self._titles:
                checks = check_submission(assignment, Submission("", assignment.id), language)
                self._titles[key] = {check.id: check.title for check in checks}
            return self._titles[key]

    @property
    def ungraded(self) -> bool:
        """Whether a submission has no grade yet."""
        with self._lock:
            return len(self.current()) < len(self._entries)

    def _seat(self, entry: Entry, key: str, number: int, assignment: Assignment) -> Seat | None:
        known = self._read_grade(entry.folder)
        if known is None:
            return None
        of = (self._changes.get(entry.name, 0), self._assignment_number)
        if known.seat is None or known.of != of or (known.seat.number, known.seat.entry) != (number, entry):
            decisions = dict(self._decisions.get(entry.name, {}))
            marks = {check: decision.mark for check, decision in decisions.items()}
            live = with_marks(known.grade, marks, assignment, self.language)
            known.seat, known.of = Seat(entry, key, number, live, decisions), of
        return known.seat

    def _read_grade(self, folder: str) -> _Known | None:
        file = self.out / folder / "grade.json"
        stamp = _stamp(file)
        known = self._known.get(folder)
        if known is None or known.stamp != stamp:
            try:
                grade = Grade.model_validate_json(read_regular_file(file, MAX_GRADE_BYTES))
            except (OSError, ValidationError):
                self._known.pop(folder, None)
                return None
            known = self._known[folder] = _Known(stamp, grade)
        return known

    def _read_decisions(self) -> None:
        for each in self.store.everything(after=self._seen):
            self._decisions.setdefault(each.student, {})[each.check] = each
            self._changes[each.student] = self._changes.get(each.student, 0) + 1
            self._seen += 1

    def _read_entries(self) -> list[Entry]:
        stamp = (_stamp(self.submissions), _stamp(self.submissions / INDEX))
        if stamp != self._entries_stamp:
            try:
                self._entries = [entry for entry, _ in find_entries(self.submissions, self.out)]
            except ValueError as error:
                raise GradingError("grade.bad_collected", file=shown(self.submissions / INDEX)) from error
            self._entries_stamp = stamp
        return self._entries

    def _key(self, folder: str) -> str:
        if folder not in self._keys:
            name = folder.encode("utf-8", "surrogatepass")
            said = hmac.digest(self._secret.encode(), name, hashlib.sha256)
            self._keys[folder] = said.hex()[:KEY_LENGTH]
        return self._keys[folder]

    def _new_secret(self) -> str:
        secret = secrets.token_hex(16)
        self.store.set(SECRET, secret)
        return secret


def _stamp(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
