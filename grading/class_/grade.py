"""Grade a class: a folder or zip per student in; a grade and a report per student, and the class's, out.

Two rounds. The first looks at every submission (whose is it, when were its pictures made), so
that the second can say what only the class shows: two submissions with one record. Worker
processes do both, with a limit to what each may compute; whatever goes wrong with one student is that
student's result. Results are written as they come, so a stop loses nothing that was finished.
"""

import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from crafts.pages import require_pdf
from exercises.assignment import Assignment
from exercises.errors import CatalogueError
from exercises.i18n import Language, preferred_language
from grading.class_.collected import INDEX
from grading.class_.entries import CHANGES, find_entries
from grading.class_.findings import class_findings
from grading.class_.one import Entry, Graded, Survey, Task, not_gradable, write_results
from grading.class_.output import write_whole
from grading.class_.pool import Limits, Pool, TaskFailed, default_workers
from grading.copies.copies import COPIES, PAGE, Earlier, find_copies
from grading.copies.exhibits import Exhibits
from grading.marks.lines import LINES, to_lines
from grading.marks.mark import NAME, Mark
from grading.marks.store import MarksStore
from grading.marks.table import MARKS, OPEN, open_rows, take_over
from grading.reports.changes import changes_page, find_changes
from grading.reports.class_page import class_report
from grading.reports.student import report_of
from grading.reports.table import csv_bytes, grades_csv
from grading.results import Grade, Regeneration
from grading.submission.files import Unreadable
from grading.submission.reading import Submission, closing, open_submission
from grading.wording import Message, message, shown
from manifests.reader import read_regular_file
from manifests.receipts import Keys

SECONDS_PER_STUDENT = 120.0  # of computing, whatever else the machine does meanwhile
PATIENCE = 1800.0  # seconds by the clock, after which a worker is given up: it waits for something
STUDENTS_PER_WORKER = 8  # starting a worker takes as long as grading a few students
LOG = "grading.log"
MAX_GRADE_BYTES = 16 * 2**20

Regenerate = Callable[[Submission], Sequence[Regeneration]]
Progress = Callable[[int, int, str], None]


class GradingError(CatalogueError):
    """What stands in the way of grading a class at all."""

    package = "grading"


def grade_class(
    submissions: Path,
    assignment: Assignment,
    out: Path,
    regenerate: Regenerate | None = None,
    progress: Progress | None = None,
    *,
    receipt_keys: Keys | None = None,
    earlier: Earlier | None = None,
    language: Language | None = None,
    pdf: bool = False,
    seconds_per_student: float = SECONDS_PER_STUDENT,
    patience: float = PATIENCE,
    workers: int | None = None,
) -> list[Grade]:
    """Grade every submission in a folder, sorted by name, into `out`.

    `regenerate` makes some of a submission's pictures again (in this process, one student after
    the other) and says what that gave. `progress(done, total, student)` is called after each
    student, from any thread. `earlier`: a folder of earlier cohorts' fingerprints. `language` is the
    grader's, and that of students whose own is not known. `pdf`: reports as PDF too. Raises
    GradingError when there is nothing to grade, EarlierError for a folder that cannot be used, OSError when
    `out` cannot be written.
    """
    language = language or preferred_language()
    if pdf:
        require_pdf()
    if not submissions.is_dir():
        raise GradingError("grade.no_folder", folder=shown(submissions))
    try:
        found = find_entries(submissions, out)
    except ValueError:
        raise GradingError("grade.bad_collected", file=shown(submissions / INDEX)) from None
    if not found:
        raise GradingError("grade.nobody", folder=shown(submissions))
    key = earlier.key() if earlier is not None else b""
    kept = earlier.students(assignment.id) if earlier is not None else {}
    out.mkdir(parents=True, exist_ok=True)
    entries = [entry for entry, _ in found]
    count = _Count(progress, len(found))
    number = min(workers or default_workers(), 1 + len(found) // STUDENTS_PER_WORKER)
    limits = Limits(seconds_per_student, patience)
    store = MarksStore(out)
    take_over(out / MARKS, store, {entry.name for entry in entries})
    marks = store.by_student()
    before = read_grades(out)
    with Pool(assignment, workers=number, limits=limits, log=out / LOG) as pool:
        surveys = _survey(pool, found, out, language)
        known = {folder: survey for folder, survey in surveys.items() if isinstance(survey, Survey)}
        findings = class_findings(known, {entry.folder: entry.name for entry in entries})
        names = {entry.name for entry in entries}
        outcomes: list[Message | Future[bytes]] = []
        for entry in entries:
            survey = surveys[entry.folder]
            if isinstance(survey, Message):
                outcomes.append(survey)
                count.one(entry)
                continue
            own = marks.get(entry.name, {})
            also = confirmed_names(own)
            made_again, failed = _regenerate(entry, assignment, regenerate, also)
            task = Task(
                kind="grade",
                entry=entry,
                out=str(out),
                language=survey.language or language,
                graders_language=language,
                for_grader=tuple(m.text(language) for m in (*findings.get(entry.folder, ()), *failed)),
                classmates=tuple(sorted(names - {entry.name, *also})),
                also=also,
                marks=own,
                regenerations=tuple(made_again),
                receipt_keys=receipt_keys,
                key=b64encode(key),
                pdf=pdf,
            )
            future = pool.submit(task)
            future.add_done_callback(partial(count.one, entry))
            outcomes.append(future)
        results = [
            _outcome(entry, outcome, assignment, out, language, pdf)
            for entry, outcome in zip(entries, outcomes, strict=True)
        ]
        grades = [result.grade for result in results]
        copies, copies_page = find_copies(
            assignment,
            {e.folder: r.fingerprint for e, r in zip(entries, results, strict=True) if r.fingerprint},
            {entry.folder: entry.name for entry in entries},
            partial(_exhibits, pool, entries, out, language),
            language,
            key=key,
            earlier=earlier,
            kept=kept,
        )
    write_whole(out / COPIES, (copies.model_dump_json(indent=2) + "\n").encode())
    write_whole(out / PAGE, copies_page.encode())
    write_whole(out / "grades.csv", grades_csv(assignment, grades, language))
    write_whole(out / OPEN, csv_bytes(open_rows(grades)))
    placed = [(entry.folder, grade) for entry, grade in zip(entries, grades, strict=True)]
    page = class_report(
        assignment, placed, language, out, made_again=regenerate is not None, copies=len(copies.pairs)
    )
    write_whole(out / "index.html", page.encode())
    changes = find_changes(assignment, before, placed, language)
    write_whole(out / CHANGES, changes_page(assignment, changes, language, first=not before).encode())
    write_whole(out / LINES, to_lines(store.everything()))
    return grades


def confirmed_names(marks: Mapping[str, Mark]) -> tuple[str, ...]:
    """The other names of which a person has said that they are this student's."""
    return tuple(
        check.removeprefix(NAME) for check, mark in marks.items() if check.startswith(NAME) and mark.confirmed
    )


def read_grades(out: Path) -> dict[str, Grade]:
    """The grades there are, by the folder they are in; one that cannot be read is as if it were not there."""
    found: dict[str, Grade] = {}
    for file in sorted(out.glob("*/grade.json")):
        try:
            found[file.parent.name] = Grade.model_validate_json(read_regular_file(file, MAX_GRADE_BYTES))
        except (OSError, ValidationError):
            continue
    return found


def _survey(
    pool: Pool, found: Sequence[tuple[Entry, Message | None]], out: Path, language: Language
) -> dict[str, Survey | Message]:
    """What each submission says of itself, by folder, or why it cannot be graded."""
    surveys: dict[str, Survey | Message] = {}
    waiting: list[tuple[str, Future[bytes]]] = []
    for entry, problem in found:
        if problem is not None:
            surveys[entry.folder] = problem
        else:
            task = Task(kind="survey", entry=entry, out=str(out), language=language)
            waiting.append((entry.folder, pool.submit(task)))
    for folder, future in waiting:
        try:
            surveys[folder] = Survey.model_validate_json(future.result())
        except TaskFailed as failed:
            surveys[folder] = failed.message
    return surveys


def _regenerate(
    entry: Entry, assignment: Assignment, regenerate: Regenerate | None, also: Sequence[str]
) -> tuple[Sequence[Regeneration], Sequence[Message]]:
    """What making pictures again gave, or the finding that it failed."""
    if regenerate is None:
        return (), ()
    try:
        with closing(
            open_submission(entry.real_path, assignment.id, name=entry.name, also=also)
        ) as submission:
            return regenerate(submission), ()
    except Unreadable:
        return (), ()  # grading it will say so
    except Exception as error:
        logging.getLogger(__name__).exception("regenerating for %r failed", entry.name)
        return (), (message("submission.regeneration_failed", why=type(error).__name__),)


def _outcome(
    entry: Entry,
    outcome: Message | Future[bytes],
    assignment: Assignment,
    out: Path,
    language: Language,
    pdf: bool,
) -> Graded:
    """The worker's grade, or the one of a submission it could not grade, written here in its place."""
    if isinstance(outcome, Future):
        try:
            return Graded.model_validate_json(outcome.result())
        except TaskFailed as failed:
            outcome = failed.message
    grade = not_gradable(entry, assignment, outcome, language)
    write_results(out / entry.folder, report_of(assignment, grade, language), pdf=pdf)
    return Graded(grade=grade)


def _exhibits(
    pool: Pool, entries: Sequence[Entry], out: Path, language: Language, wanted: Mapping[str, Iterable[str]]
) -> dict[str, Exhibits]:
    """What is to be seen of some submissions, by folder; nothing of one that fails now."""
    asked = {
        entry.folder: pool.submit(
            Task(
                kind="exhibit",
                entry=entry,
                out=str(out),
                language=language,
                wanted=tuple(sorted(wanted[entry.folder])),
            )
        )
        for entry in entries
        if entry.folder in wanted
    }
    found = {}
    for folder, future in asked.items():
        try:
            found[folder] = Exhibits.model_validate_json(future.result())
        except TaskFailed:
            found[folder] = Exhibits()
    return found


class _Count:
    """Tells the progress callback how many are done, one at a time."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done, self._lock = progress, total, 0, Lock()

    def one(self, entry: Entry, _: object = None) -> None:
        with self._lock:
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, self._total, entry.name)
